import asyncio

import pytest
from sqlalchemy import text

from verf.database import transaction
from verf.kit import now
from verf.realtime import Hub, publish
from verf.realtime.hub import REMEMBERED


@pytest.fixture
async def hub(database):
    async with Hub() as hub:
        yield hub


async def heard(subscription):
    return await asyncio.wait_for(subscription.next(), 5)


async def test_what_is_published_is_heard_after_the_commit(hub):
    page = hub.subscribe(["organisation:1/products"])
    async with transaction() as session:
        await publish(session, "organisation:1/products", "changed", {"count": 3})
        await publish(session, "organisation:2/products", "changed", {"count": 9})
        await publish(session, "organisation:1/products", "done")
    event = await heard(page)
    assert (event.name, event.data) == ("changed", {"count": 3})
    assert (await heard(page)).name == "done"


async def test_a_rollback_tells_nobody(hub):
    page = hub.subscribe(["a"])

    async def fail():
        async with transaction() as session:
            await publish(session, "a", "wrong")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with transaction() as session:
        await publish(session, "a", "right")
    assert (await heard(page)).name == "right"


async def test_a_thousand_pages_of_one_process_hear_a_broadcast(hub):
    pages = [hub.subscribe(["a"]) for _ in range(1_000)]
    async with transaction() as session:
        await publish(session, "a", "broadcast")
    assert {event.name for event in await asyncio.gather(*(heard(page) for page in pages))} == {"broadcast"}


async def test_hundreds_of_events_of_one_moment_all_arrive(hub):
    page = hub.subscribe(["a"])
    async with transaction() as session:
        for number in range(150):
            await publish(session, "a", "changed", {"number": number, "ballast": "x" * 500})
    assert [(await heard(page)).data["number"] for _ in range(150)] == list(range(150))


async def test_the_same_event_twice_is_heard_twice(hub):
    page = hub.subscribe(["a"])
    for _ in range(2):
        async with transaction() as session:
            await publish(session, "a", "again")
    assert [(await heard(page)).name for _ in range(2)] == ["again", "again"]


async def test_a_slow_page_is_told_to_read_again(hub):
    page = hub.subscribe(["a"])
    async with transaction() as session:
        for number in range(500):
            await publish(session, "a", "changed", {"number": number})
        await publish(session, "b", "last")
    other = hub.subscribe(["b"])
    await heard(other)
    names = [(await heard(page)).name for _ in range(2)]
    assert "resync" in names


async def test_two_processes_hear_each_other(hub):
    """Two hubs share nothing but the database, as two processes do."""
    async with Hub() as other:
        here, there = hub.subscribe(["a"]), other.subscribe(["a"])
        async with transaction() as session:
            await publish(session, "a")
        assert (await heard(here)).topic == (await heard(there)).topic == "a"


async def test_after_a_lost_connection_pages_are_told_to_read_again(hub, database):
    page = hub.subscribe(["a"])
    # Only ours: other test workers listen on the same server, in databases of their own.
    ours = "query ILIKE 'LISTEN%' AND datname = current_database()"
    killed = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {ours}"
    async with database.owner() as owner:
        assert await owner.fetchval(killed) >= 1
    assert (await heard(page)).name == "resync"
    async with transaction() as session:
        await session.execute(text("SELECT 1"))
        await publish(session, "a", "back")
    assert (await heard(page)).name == "back"


async def test_an_event_too_large_for_the_wire_is_refused_at_once(hub):
    async with transaction() as session:
        with pytest.raises(ValueError, match="does not fit"):
            await publish(session, "a", "changed", {"text": "x" * 8_000})


async def test_what_was_heard_is_remembered_for_minutes_only(hub, monkeypatch):
    page = hub.subscribe(["a", "b"])
    async with transaction() as session:
        await publish(session, "a")
    await heard(page)
    at = now()
    monkeypatch.setattr("verf.realtime.hub.now", lambda: at + 2 * REMEMBERED)
    async with transaction() as session:
        await publish(session, "b")
    await heard(page)
    assert list(hub._heard) == ["b"]
    assert hub.may_have_missed(["a"], at + REMEMBERED / 2)
    assert not hub.may_have_missed(["a"], at + 3 / 2 * REMEMBERED)
    assert hub.may_have_missed(["a", "b"], at + 3 / 2 * REMEMBERED)
