import asyncio
import gzip

import httpx
import pytest

from verf.database import transaction
from verf.outbound import (
    AddressRefused,
    CallInsideTransaction,
    ResponseTooLarge,
    client,
    close_clients,
    guarded_client,
    use_transport,
)
from verf.outbound.transports import may_repeat, pause


@pytest.fixture(autouse=True)
async def nothing_stays_open():
    yield
    await close_clients()


class Service(httpx.AsyncBaseTransport):
    """Answers what it was told to, in order, and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def handle_async_request(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_one_client_serves_all_calls_to_a_service():
    assert client("parcels", "https://a.example") is client("parcels", "https://a.example")
    assert client("parcels", "https://a.example") is not client("parcels", "https://b.example")
    assert client("parcels", "https://a.example") is not client("mails", "https://a.example")


async def test_after_closing_a_new_client_is_made():
    first = client("parcels", "https://a.example")
    await close_clients()
    assert first.is_closed
    assert not client("parcels", "https://a.example").is_closed


async def test_nobody_waits_outside_with_a_transaction_open(database):
    service = Service(httpx.Response(200))
    with use_transport("parcels", service):
        async with transaction():
            with pytest.raises(CallInsideTransaction):
                await client("parcels", "https://a.example").get("/")
        assert not service.asked
        assert (await client("parcels", "https://a.example").get("/")).status_code == 200


async def test_a_request_is_sent_once_unless_retries_are_asked_for():
    service = Service(httpx.Response(503))
    with use_transport("parcels", service):
        assert (await client("parcels", "https://a.example").get("/")).status_code == 503
    assert len(service.asked) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("no"), httpx.Response(502), httpx.Response(504)])
async def test_idempotent_requests_are_repeated_within_bounds(failure):
    service = Service(failure, httpx.Response(200))
    with use_transport("parcels", service):
        assert (await client("parcels", "https://a.example", retries=2).get("/")).status_code == 200
    assert len(service.asked) == 2


async def test_the_last_answer_is_handed_on_when_retries_run_out():
    service = Service(*[httpx.Response(503) for _ in range(3)])
    with use_transport("parcels", service):
        assert (await client("parcels", "https://a.example", retries=2).get("/")).status_code == 503
    assert len(service.asked) == 3


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(429), httpx.ReadTimeout("slow")])
async def test_what_may_have_been_done_is_not_repeated(answer):
    service = Service(answer)
    with use_transport("parcels", service):
        if isinstance(answer, Exception):
            with pytest.raises(httpx.ReadTimeout):
                await client("parcels", "https://a.example", retries=2).get("/")
        else:
            await client("parcels", "https://a.example", retries=2).get("/")
    assert len(service.asked) == 1


def test_a_post_is_repeated_only_with_an_idempotency_key():
    assert not may_repeat(httpx.Request("POST", "https://a.example", content=b"x"))
    assert may_repeat(httpx.Request("POST", "https://a.example", content=b"x", headers={"Idempotency-Key": "1"}))
    assert may_repeat(httpx.Request("PUT", "https://a.example", content=b"x"))


def test_pauses_grow_and_stay_bounded():
    assert all(0 <= pause(attempt) <= 5 for attempt in range(30))


async def test_an_answer_larger_than_allowed_is_cut_off():
    async def endless():
        while True:
            yield b"x" * 1000

    service = Service(httpx.Response(200, content=endless()), httpx.Response(200, headers={"Content-Length": "99999"}))
    with use_transport("parcels", service):
        for _ in range(2):
            with pytest.raises(ResponseTooLarge):
                await client("parcels", "https://a.example", largest=5000).get("/")


async def test_strangers_may_not_answer_compressed():
    body = gzip.compress(b"0" * 1_000_000)
    service = Service(httpx.Response(200, content=body, headers={"Content-Encoding": "gzip"}))
    with use_transport("hooks", service), pytest.raises(ResponseTooLarge):
        await guarded_client("hooks").get("https://a.example/")


async def test_redirects_are_not_followed():
    service = Service(httpx.Response(302, headers={"Location": "http://169.254.169.254/"}))
    with use_transport("hooks", service):
        assert (await guarded_client("hooks").get("https://a.example/")).status_code == 302


async def answer_hello(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_a_simulator_on_this_machine_is_reached_only_when_asked_for():
    server = await asyncio.start_server(answer_hello, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(AddressRefused):
            await guarded_client("hooks").get(f"http://localhost:{port}/")
        answer = await guarded_client("hooks", allow_loopback=True).get(f"http://localhost:{port}/")
    assert answer.text == "hello"
