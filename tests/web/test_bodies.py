import asyncio
import json

JSON = {"content-type": "application/json"}


async def test_a_large_body_is_refused_before_it_is_read(client):
    sent = 0

    async def body():
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    answer = await client.post("/api/v1/accounts", content=body(), headers={**JSON, "content-length": "100000000"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert sent < 5_000_000


async def test_a_body_that_does_not_say_how_long_it_is_ends_at_the_limit(client):
    sent = 0

    async def body():
        nonlocal sent
        for _ in range(1_600):
            sent += 65_536
            yield b"x" * 65_536

    answer = await client.post("/api/v1/accounts", content=body(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert sent < 5_000_000


async def test_a_lying_length_changes_nothing(app):
    """A program may speak to us without a well-behaved client between."""
    sent, answered = [{"type": "http.request", "body": b"y" * 600_000, "more_body": True}] * 3, []

    async def receive():
        await asyncio.sleep(0)
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def send(message):
        answered.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/accounts",
        "raw_path": b"/api/v1/accounts",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-length", b"10"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, receive, send)
    assert answered[0]["status"] == 413
    assert json.loads(answered[1]["body"])["code"] == "too-large"


async def test_an_ordinary_body_passes(client):
    answer = await client.post("/api/v1/accounts", json={"email": "a" * 40, "password": "x", "age": 20})
    assert answer.status_code == 200
