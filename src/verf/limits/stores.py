"""Where hits are counted: in this process, in PostgreSQL, or in Redis. All three decide alike."""

import asyncio
import time
from collections.abc import Iterator
from typing import Protocol

import asyncpg
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from verf.database import open_connection
from verf.limits.policies import Policy
from verf.limits.windows import GRAINS, Decision, Mark, take

PATIENCE = 1.0
MOST_KEYS = 500_000
SWEEP_EVERY = 2000
TAKE = "SELECT allowed, remaining, reset_after, retry_after FROM limits.take($1, $2, $3, $4, $5)"
SWEEP = "DELETE FROM limits.windows WHERE expires_at < clock_timestamp()"

# Times in Redis are text, because Lua numbers lose digits on their way into an answer.
LUA = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local quota, window, cost, grain = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local needed = math.max(cost, 1)
local kept, used = {}, 0
for at, count in string.gmatch(redis.call('GET', KEYS[1]) or '', '([%d.]+):(%d+)') do
  if tonumber(at) + window > now then
    kept[#kept + 1] = {tonumber(at), tonumber(count)}
    used = used + tonumber(count)
  end
end
local allowed = used + needed <= quota
if allowed and cost > 0 then
  local last = kept[#kept]
  if last and math.floor(last[1] / grain) == math.floor(now / grain) then
    last[1], last[2] = now, last[2] + cost
  else
    kept[#kept + 1] = {now, cost}
  end
  used = used + cost
  local parts = {}
  for place, mark in ipairs(kept) do parts[place] = string.format('%.6f:%d', mark[1], mark[2]) end
  redis.call('SET', KEYS[1], table.concat(parts, ' '), 'PX', math.ceil(window * 1000))
end
local reset, wait = 0, 0
if #kept > 0 then reset = kept[#kept][1] + window - now end
if not allowed then
  wait = window
  local excess = used + needed - quota
  for _, mark in ipairs(kept) do
    excess = excess - mark[2]
    if excess <= 0 then wait = mark[1] + window - now; break end
  end
end
return {allowed and 1 or 0, math.max(0, quota - used), tostring(reset), tostring(wait)}
"""


class StoreDown(Exception):
    """Hits cannot be counted now."""


class Store(Protocol):
    async def take(self, key: str, policy: Policy, cost: int) -> Decision: ...
    async def forget(self, key: str) -> None: ...
    async def close(self) -> None: ...


class MemoryStore:
    """For one process. Real monotonic time: moving the sandbox clock refills nothing."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, list[Mark]]] = {}
        self._to_sweep: Iterator[str] = iter(())

    async def take(self, key: str, policy: Policy, cost: int) -> Decision:
        now = time.monotonic()
        self._sweep(now)
        _, marks = self._windows.get(key) or (0.0, [])
        decision = take(marks, now, quota=policy.quota, window=policy.window, cost=cost)
        if marks:
            self._windows[key] = (marks[-1].at + policy.window, marks)
        return decision

    async def forget(self, key: str) -> None:
        self._windows.pop(key, None)

    async def close(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._windows.clear()

    def _sweep(self, now: float) -> None:
        """Two keys a hit: a sweep of all of them at once would stop the process under a flood of addresses."""
        for _ in range(2):
            key = next(self._to_sweep, None)
            if key is None:
                self._to_sweep = iter(tuple(self._windows))
                return
            if key in self._windows and self._windows[key][0] <= now:
                del self._windows[key]
        while len(self._windows) > MOST_KEYS:
            del self._windows[next(iter(self._windows))]


class PostgresStore:
    """For several processes. Its own connection: a hit counts even when the request's transaction rolls back."""

    def __init__(self) -> None:
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._turn = asyncio.Lock()
        self._hits = 0

    async def take(self, key: str, policy: Policy, cost: int) -> Decision:
        row = await self._ask(TAKE, key, policy.quota, float(policy.window), cost, policy.window / GRAINS)
        self._hits += 1
        if self._hits % SWEEP_EVERY == 0:
            await self._ask(SWEEP)
        assert row is not None
        return Decision(row["allowed"], row["remaining"], row["reset_after"], row["retry_after"])

    async def forget(self, key: str) -> None:
        await self._ask("DELETE FROM limits.windows WHERE key = $1", key)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            connection.terminate()

    async def _ask(self, statement: str, *values: object) -> asyncpg.Record | None:
        try:
            async with asyncio.timeout(PATIENCE), self._turn:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await open_connection()
                    await self._connection.execute("SET synchronous_commit = off")
                return await self._connection.fetchrow(statement, *values)
        except (OSError, TimeoutError, RuntimeError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            await self.close()
            raise StoreDown(type(error).__name__) from error


class RedisStore:
    """For several processes that have a Redis or Valkey anyway."""

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=32, timeout=PATIENCE, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._take = self._redis.register_script(LUA)

    async def take(self, key: str, policy: Policy, cost: int) -> Decision:
        grain = policy.window / GRAINS
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._take(keys=[f"verf:limits:{key}"], args=[policy.quota, policy.window, cost, grain])
        except (OSError, TimeoutError, RedisError) as error:
            raise StoreDown(type(error).__name__) from error
        return Decision(bool(answer[0]), int(answer[1]), float(answer[2]), float(answer[3]))

    async def forget(self, key: str) -> None:
        try:
            await self._redis.delete(f"verf:limits:{key}")
        except (OSError, TimeoutError, RedisError) as error:
            raise StoreDown(type(error).__name__) from error

    async def close(self) -> None:
        await self._redis.aclose()
