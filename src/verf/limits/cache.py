"""Answers worth keeping for a moment: in this process, or in Redis for all of them.

In memory each process keeps its own, so an answer may be stale for its time to live after another process changed it.
"""

from collections.abc import Awaitable, Callable, Hashable
from datetime import timedelta
from functools import cache as once
from typing import TypeVar, cast

from cashews import Cache

from verf.limits.settings import LimitsSettings
from verf.settings import load, secret
from verf.telemetry import counter

MISSING = object()
LONGEST_MAKING = 30
MOST_ENTRIES = 20_000

Value = TypeVar("Value", bound=Hashable)

_asked = counter("verf_cache_requests_total", "Answers asked of the cache.", ["room", "outcome"])


async def remember(key: str, keep: timedelta, make: Callable[[], Awaitable[Value]]) -> Value:
    """The kept value of `key` ("room:what:tenant:…"), else the one `make` makes, once however many wait for it.

    Values must be immutable (text, numbers, tuples, frozen dataclasses): memory hands out the same object every time.
    """
    room = key.partition(":")[0]
    kept = await _backend().get(key, default=MISSING)
    if kept is not MISSING:
        _asked.labels(room, "hit").inc()
        return cast(Value, kept)
    async with _backend().lock(f"making:{key}", expire=LONGEST_MAKING):
        kept = await _backend().get(key, default=MISSING)
        if kept is not MISSING:
            _asked.labels(room, "waited").inc()
            return cast(Value, kept)
        _asked.labels(room, "miss").inc()
        made = await make()
        hash(made)  # refuses lists, dicts and what holds them
        await _backend().set(key, made, expire=keep.total_seconds())
        return made


async def forget(key: str) -> None:
    """Drop a kept value; with a star at the end, every key that begins so."""
    await (_backend().delete_match(key) if key.endswith("*") else _backend().delete(key))


@once
def _backend() -> Cache:
    cache = Cache()
    url = load(LimitsSettings).redis_url.get_secret_value()
    if url:
        # Values in Redis are pickled: signed, so that who can write there cannot run code here.
        cache.setup(url, secret=secret("cache"), digestmod="sha256", max_connections=32)
    else:
        cache.setup(f"mem://?size={MOST_ENTRIES}&check_interval=10")
    return cache
