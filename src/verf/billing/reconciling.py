"""Their list of payments against ours, both ways, a day at a time: what differs is found, named, and repaired if safe.

A day is read outside of any transaction, compared inside one, repaired object by object, and noted as done: a run that
dies goes on with the day it was at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.applying import apply
from verf.billing.differences import (
    DUPLICATE,
    MODE,
    PROPOSALS,
    UNKNOWN,
    Difference,
    Ours,
    compare,
    missing,
    twice_paid,
)
from verf.billing.findings import close, report
from verf.billing.handling import WrongSide, picture_of
from verf.billing.models import CheckoutIntent, Dispute, Finding, Payment, Refund
from verf.billing.providers import pictures
from verf.billing.providers.events import Event
from verf.billing.providers.pictures import Subject
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import enabled, provider
from verf.billing.states import PaymentState, RefundState
from verf.database import transaction
from verf.kit import now

SLICE = timedelta(days=1)
# The two of us may hold different moments for when a payment was made.
MARGIN = timedelta(hours=2)
CHUNK = 500
BY = "reconciliation"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`state`: repaired, or open for a person to decide. In a dry run nothing was tried."""

    provider: str
    difference: Difference
    state: str


async def reconcile(name: str, since: datetime, until: datetime, *, is_dry: bool = False) -> list[Outcome]:
    """Now and here, for who wants to see what comes of it: one provider, or with no name all that are set up."""
    found: list[Outcome] = []
    for each in [name] if name else [source.name for source in enabled()]:
        for start, end in slices(since, until):
            found += await reconcile_day(each, start, end, is_dry=is_dry)
        if not is_dry:
            await recheck(each)
    return found


async def reconcile_day(name: str, since: datetime, until: datetime, *, is_dry: bool = False) -> list[Outcome]:
    """Compare [since, until) and put right what is safe. Calls outside."""
    source = provider(name)
    theirs = [each async for each in source.list_payments(since, until)]
    found = await _differences(source, theirs)
    found += await _missing(source, theirs, since, until)
    if is_dry:
        return [Outcome(provider=name, difference=each, state="open") for each in found]
    outcomes = [await _settle(source, each) for each in found]
    await _close_what_is_gone(source, theirs, found)
    return outcomes


async def recheck(name: str) -> int:
    """Open findings about payments, however old: those whose difference is gone are closed. Returns how many."""
    source = provider(name)
    async with transaction(system="billing: findings that are open") as session:
        query = select(Finding.kind, Finding.subject).where(
            Finding.provider == name, Finding.state == "open", Finding.kind.in_([*PROPOSALS])
        )
        known = [(kind, subject) for kind, subject in await session.execute(query) if subject.startswith("payment:")]
    gone = 0
    for kind, subject in known:
        ref = subject.partition(":")[2]
        if not await _differs(source, kind, ref, await _look(source, ref)):
            async with transaction(system="billing: a difference is gone") as session:
                await close(session, name, kind, subject, by=BY)
            gone += 1
    return gone


def slices(since: datetime, until: datetime) -> Iterable[tuple[datetime, datetime]]:
    while since < until:
        end = min(since + SLICE, until)
        yield since, end
        since = end


async def _differences(source: Provider, theirs: Sequence[pictures.Payment]) -> list[Difference]:
    found = []
    for start in range(0, len(theirs), CHUNK):
        part = theirs[start : start + CHUNK]
        async with transaction(system="billing: their payments against ours") as session:
            ours = await _ours(session, source, [each.ref for each in part])
            ordered = await _ordered(session, source, [each.order for each in part if each.order])
        for each in part:
            found += compare(each, ours.get(each.ref), is_ordered=each.order in ordered)
    known = {(each.kind, each.subject) for each in found}
    return found + [each for each in twice_paid(theirs) if (UNKNOWN, each.subject) not in known]


async def _missing(
    source: Provider, theirs: Sequence[pictures.Payment], since: datetime, until: datetime
) -> list[Difference]:
    """Ours of this day that their list does not have; asked for one by one before anything is said."""
    listed = {each.ref for each in theirs}
    async with transaction(system="billing: our payments against theirs") as session:
        query = select(Payment.ref).where(
            *_account(Payment, source),
            Payment.state == PaymentState.PAID,
            Payment.occurred_at >= since,
            Payment.occurred_at < until,
        )
        absent = [ref for ref in await session.scalars(query) if ref and ref not in listed]
        ours = await _ours(session, source, absent)
    found = []
    for ref in absent:
        seen = await _look(source, ref)
        if seen is None:
            found.append(missing(ours[ref]))
        else:
            found += compare(seen, ours[ref], is_ordered=True)
    return found


async def _settle(source: Provider, difference: Difference) -> Outcome:
    """Repair what is safe and look again; what remains is reported and left for a person."""
    account = (source.name, source.account, source.is_live)
    async with transaction(system="billing: a difference was found") as session:
        await report(
            session,
            account,
            difference.kind,
            difference.subject,
            organisation=difference.organisation,
            ours=difference.ours,
            theirs=difference.theirs,
            proposal=difference.proposal,
        )
    state = "open"
    ref = difference.subject.partition(":")[2]
    # A payment nobody knows by its order may be one of a subscription that we do know.
    may_repair = difference.is_safe or difference.kind == UNKNOWN
    if may_repair and not await _differs(source, difference.kind, ref, await _read_again(source, ref)):
        state = "repaired"
        async with transaction(system="billing: a difference was repaired") as session:
            await close(session, source.name, difference.kind, difference.subject, by=BY)
    return Outcome(provider=source.name, difference=difference, state=state)


async def _read_again(source: Provider, ref: str) -> pictures.Payment | None:
    try:
        picture = await picture_of(source, hint(source, Subject("payment", ref)))
    except WrongSide:
        async with transaction(system="billing: a payment of another mode") as session:
            account = (source.name, source.account, source.is_live)
            await report(session, account, MODE, f"payment:{ref}", proposal=PROPOSALS[MODE])
        return None
    if picture is None:
        return None
    async with transaction(system="billing: reconciliation") as session:
        await apply(session, picture, cause=BY, cause_ref=f"payment:{ref}")
    return _in(picture, ref)


def hint(source: Provider, subject: Subject) -> Event:
    """As if a webhook had named it: providers find the root of an object from there."""
    return Event(id="", kind=BY, account=source.account, is_live=source.is_live, occurred_at=now(), subject=subject)


async def _look(source: Provider, ref: str) -> pictures.Payment | None:
    try:
        picture = await picture_of(source, hint(source, Subject("payment", ref)))
    except WrongSide:
        return None
    return _in(picture, ref) if picture else None


def _in(picture: pictures.Picture, ref: str) -> pictures.Payment | None:
    return next((each for each in picture.payments if each.ref == ref), None)


async def _differs(source: Provider, kind: str, ref: str, seen: pictures.Payment | None) -> bool:
    async with transaction(system="billing: whether a difference is gone") as session:
        ours = (await _ours(session, source, [ref])).get(ref)
        ordered = await _ordered(session, source, [seen.order] if seen and seen.order else [])
    if kind == DUPLICATE:
        return ours is None or ours.returned < ours.amount
    if seen is None:
        return kind == MODE or (ours is not None and ours.state == PaymentState.PAID)
    if kind == UNKNOWN and sum(each.money.minor_units for each in seen.refunds) >= seen.money.minor_units:
        return False
    return any(each.kind == kind for each in compare(seen, ours, is_ordered=seen.order in ordered))


async def _close_what_is_gone(
    source: Provider, theirs: Sequence[pictures.Payment], found: Sequence[Difference]
) -> None:
    differs = {(each.kind, each.subject) for each in found}
    subjects = [f"payment:{each.ref}" for each in theirs]
    if not subjects:
        return
    async with transaction(system="billing: differences that are gone") as session:
        query = select(Finding.kind, Finding.subject).where(
            Finding.provider == source.name,
            Finding.state == "open",
            Finding.subject.in_(subjects),
            Finding.kind.in_([kind for kind in PROPOSALS if kind not in (DUPLICATE, MODE)]),
        )
        for kind, subject in (await session.execute(query)).all():
            if (kind, subject) not in differs:
                await close(session, source.name, kind, subject, by=BY)


async def _ours(session: AsyncSession, source: Provider, refs: Sequence[str]) -> Mapping[str, Ours]:
    if not refs:
        return {}
    rows = await session.scalars(select(Payment).where(*_account(Payment, source), Payment.ref.in_(refs)))
    payments = {row.id: row for row in rows}
    refunds: dict[UUID, list[Refund]] = {}
    disputes: dict[UUID, dict[str, str]] = {}
    for refund in await session.scalars(select(Refund).where(Refund.payment_id.in_(payments))):
        refunds.setdefault(refund.payment_id, []).append(refund)
    for dispute in await session.scalars(select(Dispute).where(Dispute.payment_id.in_(payments))):
        disputes.setdefault(dispute.payment_id, {})[dispute.ref] = dispute.state
    return {
        row.ref or "": Ours(
            id=row.id,
            organisation=row.organisation_id,
            ref=row.ref or "",
            state=row.state,
            amount=row.amount,
            currency=row.currency,
            returned=sum(each.amount for each in refunds.get(row.id, []) if each.state == RefundState.DONE),
            refunds={each.ref: each.state for each in refunds.get(row.id, []) if each.ref},
            disputes=disputes.get(row.id, {}),
        )
        for row in payments.values()
    }


async def _ordered(session: AsyncSession, source: Provider, orders: Sequence[UUID]) -> set[UUID]:
    if not orders:
        return set()
    intents = select(CheckoutIntent.id).where(*_account(CheckoutIntent, source), CheckoutIntent.id.in_(orders))
    attempts = select(Payment.id).where(*_account(Payment, source), Payment.id.in_(orders))
    return {*await session.scalars(intents), *await session.scalars(attempts)}


def _account(record: type[Payment] | type[CheckoutIntent], source: Provider) -> tuple[Any, ...]:
    return (
        record.provider == source.name,
        record.account == source.account,
        record.is_live == source.is_live,
    )
