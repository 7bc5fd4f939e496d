"""Counting what comes many times a second, such as API calls, without a statement for each.

Who comes slowly is counted at once, one by one. Who comes fast holds a block of the quota and uses it up from memory;
the block is settled with what was really taken. So a hard limit is never passed, whatever the number of processes, and
a process that dies gives its block back by the hold's end.
"""

import asyncio
import time
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.entitling import Entitlements, entitlements
from verf.billing.holds import hold, settle
from verf.billing.terms import Given
from verf.billing.usage import Counted, consume
from verf.database import transaction
from verf.kit import new_id, now

# So many in so many seconds are fast.
FAST = 20
SPAN = 2.0
LARGEST_BLOCK = 100
LARGEST = 20_000
# A block is at most this part of what is left.
PART = 20
# A crash of the server's machine may forget the counts of its last moment, and nobody waits for the disk.
SOON = text("SET LOCAL synchronous_commit = off")

Key = tuple[UUID, str, str]


@dataclass
class Block:
    """`base` is the window as it was when the block was held, the block itself left out."""

    key: str
    size: int
    base: Counted
    held_at: float
    taken: int = 0

    def counted(self) -> Counted:
        return replace(self.base, used=self.base.used + self.taken)


@dataclass
class Counter:
    """One quota of one organisation in this process."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    span_began: float = 0.0
    in_span: int = 0
    remaining: int | None = None
    block: Block | None = None

    def note(self, moment: float) -> None:
        if moment - self.span_began > SPAN:
            self.span_began, self.in_span = moment, 0
        self.in_span += 1

    def next_size(self) -> int:
        if self.in_span <= FAST or self.remaining is None:
            return 1
        return max(1, min(LARGEST_BLOCK, self.remaining // PART))


_counters: dict[Key, Counter] = {}


async def take_one(organisation: UUID, product: str, feature: str, *, without_plan: Given | None = None) -> Counted:
    """Count one, or raise as consume does. Not inside a transaction: it opens its own, when it needs one."""
    known = await entitlements(organisation, product)
    counter = _counter((organisation, product, feature))
    counter.note(time.monotonic())
    if quick := _from_block(counter, known, feature):
        return quick
    async with counter.turn:
        if quick := _from_block(counter, known, feature):
            return quick
        async with transaction(organisation=organisation) as session:
            await session.execute(SOON)
            await _settle(session, counter, organisation, product, feature)
            return await _count(session, counter, known, feature, without_plan)


async def settle_blocks() -> None:
    """Before the process ends: what was taken is counted, the rest is given back."""
    for (organisation, product, feature), counter in list(_counters.items()):
        if counter.block:
            async with counter.turn, transaction(organisation=organisation) as session:
                await _settle(session, counter, organisation, product, feature)
    _counters.clear()


def forget_blocks() -> None:
    """For tests."""
    _counters.clear()


def _counter(key: Key) -> Counter:
    if key not in _counters and len(_counters) >= LARGEST:
        for idle in [
            each for each, counter in _counters.items() if counter.block is None and not counter.turn.locked()
        ]:
            del _counters[idle]
    return _counters.setdefault(key, Counter())


def _from_block(counter: Counter, known: Entitlements, feature: str) -> Counted | None:
    """None when there is no block, it is used up or old, its window is over, or the plan has changed since."""
    block = counter.block
    if block is None or block.taken >= block.size or time.monotonic() - block.held_at > SPAN:
        return None
    given = known.decide(feature, wanted=0)
    if not given.allowed or given.limit != block.base.limit or now() >= block.base.resets_at:
        return None
    block.taken += 1
    return block.counted()


async def _settle(session: AsyncSession, counter: Counter, organisation: UUID, product: str, feature: str) -> None:
    block, counter.block = counter.block, None
    if block:
        await settle(session, organisation, product, feature, block.taken, key=block.key)


async def _count(
    session: AsyncSession, counter: Counter, known: Entitlements, feature: str, without_plan: Given | None
) -> Counted:
    organisation, product = known.access.organisation, known.access.product
    size = counter.next_size()
    if size == 1 or not known.has(feature):
        done = await consume(session, organisation, product, feature, without_plan=without_plan)
        counter.remaining = done.remaining
        return done
    key = f"block:{new_id()}"
    held = await hold(session, organisation, product, feature, size, key=key)
    base = replace(held, reserved=held.reserved - size)
    counter.remaining = held.remaining
    counter.block = Block(key, size, base, time.monotonic(), taken=1)
    return counter.block.counted()
