"""An answer that stays open and tells the page what changes, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response

from verf.realtime.events import Event, resync, session_topic
from verf.realtime.hub import Hub, Subscription, running_hub

HEARTBEAT = timedelta(seconds=15)
# Proxies must neither keep nor collect what is meant to arrive now.
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}

First = Callable[[], Awaitable[Event | None]]


def stream(topics: Iterable[str], request: Request | None = None, first: First | None = None) -> Response:
    """Keep the answer open and send what is published to these topics.

    The caller has checked that the viewer may know of them. `first` is asked once the page is subscribed, so nothing
    falls between what it reads and what follows. A browser that comes back after a break is told to resync, and so is
    a page whose request says `since` when it began to read (seconds of Unix time) if something has come to its topics
    meanwhile. With a `request` whose state has a `session_id`, the end of that sign-in ends the stream.
    """
    hub = running_hub()
    session = getattr(request.state, "session_id", None) if request else None
    wanted = {*topics, session_topic(session)} if session else set(topics)
    came_back = request is not None and "last-event-id" in request.headers
    read_at = None if request is None else _since(request)
    return EventSourceResponse(_events(hub, wanted, first, came_back=came_back, read_at=read_at), headers=HEADERS)


def _since(request: Request) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(request.query_params["since"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


async def _events(
    hub: Hub, topics: set[str], first: First | None, *, came_back: bool, read_at: datetime | None
) -> AsyncIterator[bytes]:
    subscription = hub.subscribe(topics)
    is_behind = came_back or (read_at is not None and hub.may_have_missed(topics, read_at))
    try:
        # Something at once, so that the page knows the line stands.
        yield resync().encoded if is_behind else KEEPALIVE_COMMENT
        opening = await first() if first else None
        if opening:
            yield opening.encoded
        async for part in _following(subscription):
            yield part
    finally:
        hub.unsubscribe(subscription)


async def _following(subscription: Subscription) -> AsyncIterator[bytes]:
    while True:
        try:
            # Not wait_for, which makes a task for each event of each page.
            async with asyncio.timeout(HEARTBEAT.total_seconds()):
                event = await subscription.next()
        except TimeoutError:
            yield KEEPALIVE_COMMENT
            continue
        if event is None:
            return
        yield event.encoded
        if event.name == "ended" and event.topic.startswith("session:"):
            return
