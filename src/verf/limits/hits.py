"""Count a hit in the chosen store, and decide what to do when it cannot be counted."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from verf.errors import TooMany, Unavailable
from verf.limits.policies import Policy
from verf.limits.settings import LimitsSettings
from verf.limits.stores import MemoryStore, PostgresStore, RedisStore, Store, StoreDown
from verf.limits.windows import Decision
from verf.settings import load
from verf.telemetry import counter, log

_memory = MemoryStore()
_stores: "WeakKeyDictionary[asyncio.AbstractEventLoop, Store]" = WeakKeyDictionary()
_lifted = 0

_hits = counter("verf_limits_hits_total", "Hits counted, by policy and outcome.", ["policy", "outcome"])


class QuotaExceeded(TooMany):
    """Come back after `retry_after` seconds; `headers` belong to the answer."""

    def __init__(
        self, message: str, *, retry_after: int, headers: Mapping[str, str], extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.headers = dict(headers)
        self.extra = dict(extra or {})


class TemporaryReducedCapacity(Unavailable):
    """Attempts cannot be counted now, and without counting this door stays shut."""


async def hit(policy: Policy, key: str, cost: int = 1) -> Decision:
    """Count one hit of `key`. A denied hit is not counted. A cost of zero only asks."""
    if _lifted or not policy.quota:
        return Decision(allowed=True, remaining=policy.quota, reset_after=0.0)
    if cost > policy.quota:
        raise ValueError(f"{cost} at once is more than {policy.name} ever allows.")
    try:
        decision = await _store().take(f"{policy.name}:{key}", policy, cost)
    except StoreDown as error:
        return _without_store(policy, error)
    _hits.labels(policy.name, "allowed" if decision.allowed else "denied").inc()
    return decision


async def forget_hits(policy: Policy, key: str) -> None:
    try:
        await _store().forget(f"{policy.name}:{key}")
    except StoreDown as error:
        log(__name__).warning("limits not counted", policy=policy.name, because=str(error))


@contextmanager
def lifted() -> Iterator[None]:
    """No limits while inside: for tests that are about something else."""
    global _lifted
    _lifted += 1
    try:
        yield
    finally:
        _lifted -= 1


def start_afresh() -> None:
    """Forget every hit this process has counted in memory: tests begin with it."""
    _memory.clear()


async def close_stores() -> None:
    """Close what this event loop has opened."""
    store = _stores.pop(asyncio.get_running_loop(), None)
    if store:
        await store.close()


def _store() -> Store:
    settings = load(LimitsSettings)
    if settings.store == "memory":
        return _memory
    loop = asyncio.get_running_loop()
    if loop not in _stores:
        url = load(LimitsSettings).redis_url.get_secret_value()
        _stores[loop] = RedisStore(url) if settings.store == "redis" else PostgresStore()
    return _stores[loop]


def _without_store(policy: Policy, error: StoreDown) -> Decision:
    _hits.labels(policy.name, "store down").inc()
    log(__name__).error("limits not counted", policy=policy.name, because=str(error), let_through=policy.fail_open)
    if policy.fail_open:
        return Decision(allowed=True, remaining=policy.quota, reset_after=0.0)
    raise TemporaryReducedCapacity("We cannot take this just now. Please try again in a minute.")
