"""The durable limiter: when a bucket of the marketplace lets us ask again, over all workers and restarts."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from stock.settings import WildberriesSettings
from stock.wildberries import Answer, Bucket, Group, Market, MarketError, TokenKind, TooSoon, bucket_of
from verf.database import transaction
from verf.kit import now
from verf.settings import load

# Clocks and wires differ a little; the marketplace punishes early questions.
MARGIN = timedelta(milliseconds=150)

RESERVE = text("""
INSERT INTO stock.rate_windows AS w (key, tat, blocked_until)
VALUES (:key, CAST(:now AS timestamptz) + CAST(:interval AS interval), CAST(:now AS timestamptz))
ON CONFLICT (key) DO UPDATE SET tat = greatest(w.tat, excluded.blocked_until) + CAST(:interval AS interval)
WHERE greatest(w.tat, excluded.blocked_until) - CAST(:tolerance AS interval) <= excluded.blocked_until
  AND w.blocked_until <= excluded.blocked_until
RETURNING w.key
""")
NEXT = text("""
SELECT greatest(tat - CAST(:tolerance AS interval), blocked_until) FROM stock.rate_windows WHERE key = :key
""")
SETTLE = text("""
UPDATE stock.rate_windows
SET tat = greatest(tat + CAST(:flight AS interval), CAST(:spent_until AS timestamptz)) + CAST(:penalty AS interval),
    blocked_until = greatest(blocked_until, CAST(:blocked_until AS timestamptz))
WHERE key = :key
""")

CLIENT_ERRORS = range(400, 500)


class NotYet(Exception):
    """The limit allows the next question only `until` then."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Not before {until}.")
        self.until = until


@dataclass(frozen=True)
class Account:
    """Whose buckets these are: limits are counted per shop and kind of token, whoever holds it."""

    marketplace: str
    seller: str
    kind: TokenKind

    def bucket(self, group: Group) -> Bucket:
        """A service's secret lifts a base token to the limits of the others."""
        lifted = load(WildberriesSettings).client_secret is not None
        return bucket_of(TokenKind.SERVICE if lifted else self.kind, group)


async def ask(
    market: Market, account: Account, group: Group, question: Callable[[Market], Awaitable[Answer]]
) -> Answer:
    """One question, if the limit allows it now: NotYet if not, and MarketError when the answer is a no."""
    bucket = account.bucket(group)
    key = window_key(account.marketplace, account.seller, account.kind, group)
    until = await reserve(key, bucket)
    if until is not None:
        raise NotYet(until)
    asked_at = now()
    try:
        answer = await question(market)
    except TooSoon as error:
        await settle(key, bucket, asked_at=asked_at, wait=error.wait)
        raise
    except MarketError as error:
        await settle(key, bucket, asked_at=asked_at, refused=error.status in CLIENT_ERRORS)
        raise
    await settle(key, bucket, asked_at=asked_at, burst_left=answer.burst_left)
    return answer


def window_key(marketplace: str, seller: str, kind: TokenKind, group: Group) -> str:
    """The seller as a hash: this table is shared by all organisations."""
    hidden = hashlib.sha256(f"{marketplace}:{seller}".encode()).hexdigest()[:32]
    return f"{marketplace}:{hidden}:{kind}:{group}"


async def reserve(key: str, bucket: Bucket) -> datetime | None:
    """Take the right to ask once, or learn from when on it may be had. Opens its own transaction."""
    values = {"key": key, "tolerance": bucket.interval * (bucket.burst - 1)}
    async with transaction() as session:
        taken = await session.execute(RESERVE, values | {"now": now(), "interval": bucket.interval})
        if taken.first():
            return None
        allowed: datetime | None = await session.scalar(NEXT, values)
        return allowed


async def settle(
    key: str,
    bucket: Bucket,
    *,
    asked_at: datetime,
    burst_left: int | None = None,
    refused: bool = False,
    wait: timedelta | None = None,
) -> None:
    """Correct the window by what the answer told: it counts from the answer on, and the marketplace knows best."""
    answered_at = now()
    spent = bucket.interval * (bucket.burst - burst_left) if burst_left is not None else timedelta()
    values = {
        "key": key,
        "flight": answered_at - asked_at + MARGIN,
        "spent_until": answered_at + spent,
        "penalty": bucket.interval * (bucket.refused - 1) if refused else timedelta(),
        "blocked_until": answered_at + wait + MARGIN if wait is not None else answered_at,
    }
    async with transaction() as session:
        await session.execute(SETTLE, values)
