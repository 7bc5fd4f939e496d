import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request

from verf.database import transaction
from verf.kit import now
from verf.realtime import Event, Hub, organisation_topic, publish, session_topic, stream
from verf.realtime.hub import REMEMBERED
from verf.testing import free_port

PORT = free_port()


@asynccontextmanager
async def serving(app):
    server = uvicorn.Server(uvicorn.Config(app, port=PORT, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        async with asyncio.timeout(10):
            await running


@pytest.fixture
async def hub(database):
    async with Hub() as hub:
        yield hub


@pytest.fixture
async def site(hub):
    app = FastAPI()

    @app.get("/live")
    async def live(request: Request):
        return stream(["a"], request)

    @app.get("/with-first")
    async def with_first():
        async def first():
            return Event("a", "state", {"count": 1})

        return stream(["a"], first=first)

    @app.middleware("http")
    async def signed_in(request, call_next):
        request.state.session_id = "7"
        return await call_next(request)

    async with serving(app) as server:
        yield server
        hub.end_streams()


async def heard(hub, topic):
    """Something is published there and has come."""
    listening = hub.subscribe([topic])
    await tell(topic, "changed")
    async with asyncio.timeout(5):
        await listening.next()
    hub.unsubscribe(listening)


async def tell(topic, name, data=None):
    async with transaction() as session:
        await publish(session, topic, name, data)


@asynccontextmanager
async def page(path, **headers):
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", timeout=5) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        yield response, response.aiter_lines()


async def block(lines):
    """Lines up to the empty one that ends an event."""
    found = []
    async for line in lines:
        if not line:
            return found
        found.append(line)
    return found or None


async def test_a_browser_hears_what_is_published(site):
    async with page("/live") as (response, lines):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert await block(lines) == [": ping"]
        await tell("a", "changed", {"count": 3})
        heard = await block(lines)
    assert heard[:2] == ["event: changed", 'data: {"topic":"a","count":3}']
    assert heard[2].startswith("id: ")


async def test_the_first_event_is_read_after_subscribing(site):
    async with page("/with-first") as (_, lines):
        await block(lines)
        assert (await block(lines))[0] == "event: state"


async def test_a_browser_that_comes_back_reads_again(site):
    async with page("/live", **{"Last-Event-ID": "12"}) as (_, lines):
        assert (await block(lines))[0] == "event: resync"


async def test_a_page_hears_of_what_came_while_it_was_made(site, hub):
    began = now().timestamp()
    await heard(hub, "a")
    later = now().timestamp()
    async with page(f"/live?since={began}") as (_, lines):
        assert (await block(lines))[0] == "event: resync"
    async with page(f"/live?since={later}") as (_, lines):
        assert await block(lines) == [": ping"]


async def test_what_came_to_others_is_nothing_to_a_page(site, hub):
    began = now().timestamp()
    await heard(hub, "b")
    async with page(f"/live?since={began}") as (_, lines):
        assert await block(lines) == [": ping"]


@pytest.mark.parametrize("age", [2 * REMEMBERED, timedelta(days=400)])
async def test_a_page_older_than_what_is_remembered_reads_again(site, age):
    async with page(f"/live?since={(now() - age).timestamp()}") as (_, lines):
        assert (await block(lines))[0] == "event: resync"


@pytest.mark.parametrize("nonsense", ["", "yesterday", "nan", "inf", "1e300", "-1e300"])
async def test_a_moment_that_is_none_is_passed_over(site, nonsense):
    async with page(f"/live?since={nonsense}") as (_, lines):
        assert await block(lines) == [": ping"]


async def test_the_end_of_a_sign_in_ends_its_streams(site):
    async with page("/live") as (_, lines):
        await block(lines)
        await tell(session_topic("7"), "ended")
        assert (await block(lines))[0] == "event: ended"
        assert await block(lines) is None


async def test_the_server_stops_while_pages_are_open(site, hub):
    async with page("/live") as (_, lines):
        await block(lines)
        assert hub.listeners == 1
        site.should_exit = True
        hub.end_streams()
        assert await block(lines) is None


async def test_a_page_that_leaves_is_forgotten(site, hub):
    async with page("/live") as (_, lines):
        await block(lines)
        assert hub.listeners == 1
    async with asyncio.timeout(5):
        while hub.listeners:  # noqa: ASYNC110 - the server notices by itself
            await asyncio.sleep(0.01)


def test_topics_carry_the_tenant():
    assert organisation_topic("1", "products") == "organisation:1/products"
