import asyncio
import json

import pytest

LIMIT = 1_000_000
PIECE = 65_536


async def send_endlessly(app, headers, pieces=400):
    """Speak ASGI directly: what was answered, and how much had been read by then."""
    read, at_answer, answered = 0, [], []

    async def receive():
        nonlocal read
        await asyncio.sleep(0)
        read += PIECE
        return {"type": "http.request", "body": b"x" * PIECE, "more_body": read < PIECE * pieces}

    async def send(message):
        at_answer.append(read)
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
        "headers": [(b"content-type", b"application/json"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, receive, send)
    return answered, at_answer[0], read


async def test_a_large_body_is_refused_before_it_is_read(app):
    answered, read, drained = await send_endlessly(app, [(b"content-length", b"100000000")])
    assert answered[0]["status"] == 413
    assert json.loads(answered[1]["body"])["code"] == "too-large"
    assert read == 0
    # Many clients read an answer only once all is sent.
    assert drained == PIECE * 400
    assert not answered[-1].get("more_body")


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"10")]], ids=["no length", "a lying length"])
async def test_any_other_body_ends_at_the_limit(app, headers):
    answered, read, _ = await send_endlessly(app, headers)
    assert answered[0]["status"] == 413
    assert json.loads(answered[1]["body"])["code"] == "too-large"
    assert LIMIT < read < LIMIT + 2 * PIECE


async def test_an_ordinary_body_passes(client):
    answer = await client.post("/api/v1/accounts", json={"email": "a" * 40, "password": "x", "age": 20})
    assert answer.status_code == 200
