"""One run from step to step: who may go, who waits for a limit, who failed, and when to come back."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import update

from stock.messages import Appraise
from stock.models import SyncRun
from stock.sync.catalogue import read_all_cards, read_all_prices
from stock.sync.runs import STEPS
from stock.sync.seller_stocks import read_seller_warehouses
from stock.sync.trade import read_orders, read_sales
from stock.sync.visit import Visit
from stock.sync.wb_stocks import read_wb_warehouses
from stock.sync.windows import NotYet
from stock.wildberries import MarketError, PaymentRequired, TokenRefused, TooSoon, Trouble
from verf.database import transaction
from verf.jobs import TryLater, enqueue
from verf.kit import now

READERS: MappingProxyType[str, Callable[[Visit], Awaitable[None]]] = MappingProxyType(
    {
        "cards": read_all_cards,
        "prices": read_all_prices,
        "stocks": read_wb_warehouses,
        "seller_stocks": read_seller_warehouses,
        "orders": read_orders,
        "sales": read_sales,
    }
)
# Sizes come with the cards; without them these answers cannot be placed.
NEEDS_CARDS = frozenset({"stocks", "seller_stocks"})
OVER = frozenset({"ok", "partial", "failed", "skipped"})
# Longer than this nobody waits within a run: the step is left to a later one.
PATIENCE = timedelta(minutes=20)
TRIES = 6
# Progress between them or not: a step that stumbles so often is not getting anywhere.
MOST_TROUBLES = 30


async def drive(visit: Visit) -> None:
    """Read what can be read now. Raises TryLater while a step has to wait; queues the appraisal when all are over."""
    waits: list[datetime] = []
    for step in STEPS:
        visit.step = step
        if visit.state["state"] in OVER:
            continue
        if step in NEEDS_CARDS and visit.steps.get("cards", {}).get("state") not in OVER:
            continue
        until = await _advance(visit)
        if until is not None:
            waits.append(until)
    if waits:
        await _come_back(visit, min(waits))
    await _close(visit)


async def _advance(visit: Visit) -> datetime | None:
    """Let one step run; the moment to come back if it cannot go on now."""
    resting = visit.state.get("until")
    if resting and datetime.fromisoformat(resting) > now():
        return datetime.fromisoformat(resting)
    visit.state["state"] = "running"
    try:
        await READERS[visit.step](visit)
    except NotYet as wait:
        return await _wait(visit, wait.until)
    except TooSoon as error:
        return await _wait(visit, now() + error.wait)
    except Trouble as error:
        return await _retry(visit, error)
    except MarketError as error:
        await _fail(visit, error)
    return None


async def _wait(visit: Visit, until: datetime) -> datetime | None:
    if until - now() > PATIENCE:
        await _postpone(visit, until)
        return None
    visit.state.update(state="waiting", until=until.isoformat())
    return until


async def _postpone(visit: Visit, until: datetime) -> None:
    """Not worth waiting for within this run. Serious only when this has never been read before."""
    cursor = await visit.cursor()
    visit.state.update(
        state="skipped" if cursor.completed_at else "partial",
        note="ask-again",
        postponed=until.isoformat(),
    )


async def _retry(visit: Visit, error: Trouble) -> datetime | None:
    attempts = int(visit.state.get("attempts", 0)) + 1
    visit.state["attempts"] = attempts
    visit.count(troubles=1)
    if attempts >= TRIES or visit.state["troubles"] >= MOST_TROUBLES:
        await _fail(visit, error)
        return None
    pause = timedelta(seconds=5 * 3 ** (attempts - 1)) * random.uniform(0.8, 1.2)  # noqa: S311 - spread, not secrecy
    until = now() + pause
    visit.state.update(state="waiting", until=until.isoformat(), trouble=str(error))
    return until


async def _fail(visit: Visit, error: MarketError) -> None:
    visit.state.update(state="failed", step=visit.step, error=str(error), code=error.code, request=error.request)
    if isinstance(error, TokenRefused | PaymentRequired):
        for step in STEPS:
            other = visit.steps.setdefault(step, {"done": 0, "total": 0, "changed": 0})
            if other.get("state") not in OVER:
                other.update(state="failed", step=step, code=error.code, error=str(error))


async def _come_back(visit: Visit, until: datetime) -> None:
    async with transaction(organisation=visit.shop.organisation) as session:
        await visit.keep(session, resumes_at=until)
    raise TryLater(after=max(until - now(), timedelta(milliseconds=50)))


async def _close(visit: Visit) -> None:
    async with transaction(organisation=visit.shop.organisation) as session:
        await visit.keep(session, resumes_at=None)
        message = Appraise(organisation=visit.shop.organisation, run=visit.run)
        await enqueue(session, message, unless_queued=f"stock:appraise:{visit.run}")


async def stop(visit: Visit) -> None:
    """Somebody asked to: what is read stays, what is left is skipped."""
    for step in STEPS:
        state: dict[str, Any] = visit.steps.setdefault(step, {"done": 0, "total": 0, "changed": 0})
        if state.get("state") not in OVER:
            state.update(state="skipped", note="cancelled")
    await _close(visit)


async def begin(visit: Visit) -> None:
    async with transaction(organisation=visit.shop.organisation) as session:
        await session.execute(
            update(SyncRun)
            .where(SyncRun.id == visit.run, SyncRun.state == "queued")
            .values(state="running", started_at=now())
        )
