"""Promo codes: reserved with the checkout, used when it is paid, free again when it is not.

Once for a customer: for an organisation, and for a person under whatever organisation.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import grants
from verf.billing.gifts import end_of_access, plan_to_give
from verf.billing.models import CheckoutIntent, PromoClaim, PromoCode, PromoRedemption
from verf.billing.providers.orders import Discount
from verf.billing.states import CheckoutState
from verf.billing.trials import digest, keys_of
from verf.errors import Conflict, Invalid
from verf.kit import Money, new_id, now, smallest_charge
from verf.limits import Policy, declare
from verf.web import _

KINDS = ("percent", "amount", "days")
LONGEST = 36
# Codes are short enough to be said aloud, and so to be guessed: a person tries so many in an hour.
GUESSES = declare(Policy("promo-codes", 20, 60 * 60, fail_open=False))


class PromoRefused(Invalid):
    """The code does not hold for this; the message says why, to its reader."""


class PromoExists(Conflict):
    pass


class _HeldElsewhere(Exception):
    """The same person has reserved or used this code under another organisation."""


@dataclass(frozen=True, kw_only=True)
class Promo:
    """What a code gives, as a customer may know it."""

    code: str
    kind: str
    value: int
    currency: str
    months: int
    product: str
    plans: Sequence[str]
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NewPromo:
    code: str
    kind: str
    value: int
    currency: str = ""
    months: int = 1
    product: str = ""
    plans: Sequence[str] = ()
    max_redemptions: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    note: str = ""


async def create_promo(session: AsyncSession, wanted: NewPromo, *, by: UUID | None) -> UUID:
    """A new code. Letters of either case are one; percent is 1 to 99, for a whole period give days."""
    _refuse_nonsense(wanted)
    row = PromoCode(id=new_id(), created_by=by, **{**vars(wanted), "plans": list(wanted.plans)})
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise PromoExists(_("There is a code of this name already.")) from error
    return row.id


async def disable_promo(session: AsyncSession, code: str) -> None:
    """From now on nobody can use it; what was given stays given."""
    await session.execute(
        update(PromoCode).where(_named(code), PromoCode.disabled_at.is_(None)).values(disabled_at=now())
    )


async def find_promo(session: AsyncSession, code: str) -> Promo | None:
    """A code that can be used now, whoever asks."""
    row = await named(session, code)
    if row is None or _why_not(row):
        return None
    return Promo(
        code=row.code,
        kind=row.kind,
        value=row.value,
        currency=row.currency,
        months=row.months,
        product=row.product,
        plans=row.plans,
        ends_at=row.ends_at,
    )


async def reserve(
    session: AsyncSession,
    organisation: UUID,
    code: str,
    *,
    product: str,
    plan: str,
    money: Money,
    intent: UUID,
    person: UUID | None = None,
) -> Money:
    """Take one use of the code for this checkout; what the first payment takes after it. `person` is who asks."""
    row = await _usable(session, code, product=product, plan=plan)
    if row.kind == "days":
        raise PromoRefused(_("This code gives free days; redeem it on the billing page."), fields={"promo": "days"})
    if row.kind == "amount" and row.currency != money.currency:
        message = _("This code is for prices in %(currency)s.") % {"currency": row.currency}
        raise PromoRefused(message, fields={"promo": message})
    await _take(session, row, organisation, person, intent=intent, state="reserved")
    return money - taken_off(row, money)


async def discount_of(session: AsyncSession, code: str, money: Money) -> Discount | None:
    """How a provider with prices of its own is told of a code that was reserved."""
    row = await named(session, code)
    if row is None:
        return None
    off = taken_off(row, money)
    is_exact = row.kind == "percent" and off == money.share(row.value, 100)
    if is_exact:
        return Discount(code=row.code, percent=row.value, months=row.months)
    return Discount(code=row.code, money=off, months=row.months)


async def redeem_days(
    session: AsyncSession, organisation: UUID, code: str, *, product: str, person: UUID | None = None
) -> int:
    """Give the free days of a code: on top of what is paid, from now if nothing is. How many days."""
    row = await _usable(session, code, product=product, plan="")
    if row.kind != "days":
        raise PromoRefused(_("This code lowers a price; enter it when you pay."), fields={"promo": "price"})
    await _take(session, row, organisation, person, intent=None, state="applied")
    start = await end_of_access(session, organisation, product)
    await grants.give(
        session,
        organisation,
        product,
        source="promo",
        source_ref=f"{row.id}:{organisation}",
        plan_version=await plan_to_give(session, organisation, product, preferred=row.plans),
        starts_at=start,
        ends_at=start + timedelta(days=row.value),
    )
    return row.value


async def settle_redemption(session: AsyncSession, intent: UUID) -> None:
    """The checkout is over: the code was used if it was paid, and is free again if not."""
    row = await session.get(CheckoutIntent, intent, populate_existing=True)
    if row is None or row.state == CheckoutState.OPEN:
        return
    state = "applied" if row.state == CheckoutState.COMPLETED else "released"
    moved = await _move(session, intent, "reserved", state)
    if moved is not None and state == "released":
        counted = update(PromoCode).where(PromoCode.id == moved.promo_id)
        await session.execute(counted.values(redeemed=PromoCode.redeemed - 1))
        await session.execute(delete(PromoClaim).where(PromoClaim.redemption_id == moved.id))
    if moved is None and state == "applied":
        await _use_after_all(session, row)


async def _use_after_all(session: AsyncSession, intent: CheckoutIntent) -> None:
    """Paid after it was given up. Who has reserved the code anew meanwhile has used it once there already."""
    with suppress(IntegrityError, _HeldElsewhere):
        async with session.begin_nested():
            moved = await _move(session, intent.id, "released", "applied")
            if moved is None:
                return
            counted = update(PromoCode).where(PromoCode.id == moved.promo_id)
            await session.execute(counted.values(redeemed=PromoCode.redeemed + 1))
            if not await _claim(session, moved.promo_id, moved.id, intent.organisation_id, intent.person_id):
                raise _HeldElsewhere


async def _move(session: AsyncSession, intent: UUID, before: str, after: str) -> PromoRedemption | None:
    """The redemption of this checkout, if it was in the first state and is in the second now."""
    statement = (
        update(PromoRedemption)
        .where(PromoRedemption.intent_id == intent, PromoRedemption.state == before)
        .values(state=after, closed_at=now())
        .returning(PromoRedemption)
    )
    moved: PromoRedemption | None = await session.scalar(statement)
    return moved


async def _usable(session: AsyncSession, code: str, *, product: str, plan: str) -> PromoCode:
    row = await named(session, code)
    problem = _("There is no such code.") if row is None else _why_not(row)
    if row is not None and not problem and row.product not in ("", product):
        problem = _("This code is for another product.")
    if row is not None and not problem and plan and row.plans and plan not in row.plans:
        problem = _("This code is for other plans: %(plans)s.") % {"plans": ", ".join(row.plans)}
    if problem or row is None:
        raise PromoRefused(problem, fields={"promo": problem})
    return row


async def _take(
    session: AsyncSession,
    row: PromoCode,
    organisation: UUID,
    person: UUID | None,
    *,
    intent: UUID | None,
    state: str,
) -> None:
    """The counter first, in one statement: of a hundred who try for the last use one gets it."""
    counted = await session.scalar(
        update(PromoCode)
        .where(
            PromoCode.id == row.id,
            PromoCode.disabled_at.is_(None),
            (PromoCode.max_redemptions.is_(None)) | (PromoCode.redeemed < PromoCode.max_redemptions),
        )
        .values(redeemed=PromoCode.redeemed + 1)
        .returning(PromoCode.id)
    )
    if counted is None:
        message = _("This code has been used up.")
        raise PromoRefused(message, fields={"promo": message})
    values = {
        "id": new_id(),
        "organisation_id": organisation,
        "promo_id": row.id,
        "intent_id": intent,
        "state": state,
        "created_at": now(),
    }
    taken = insert(PromoRedemption).values(values).on_conflict_do_nothing().returning(PromoRedemption.id)
    redemption = await session.scalar(taken)
    if redemption is None or not await _claim(session, row.id, redemption, organisation, person):
        message = _("You have used this code already.")
        raise PromoRefused(message, fields={"promo": message})


async def _claim(session: AsyncSession, promo: UUID, redemption: UUID, organisation: UUID, person: UUID | None) -> bool:
    """For who asks and for the owner of the organisation: False when one of them holds this code elsewhere."""
    claims = {
        (kind, digest(f"{promo}:{kind}:{value}"))
        for asks in {person, None}
        for kind, value in (await keys_of(session, organisation, asks)).items()
        if kind != "organisation"
    }
    for kind, hashed in sorted(claims):
        claimed = insert(PromoClaim).values(
            promo_id=promo, kind=kind, hash=hashed, redemption_id=redemption, claimed_at=now()
        )
        won = await session.scalar(claimed.on_conflict_do_nothing().returning(PromoClaim.kind))
        if won is None:
            return False
    return True


async def named(session: AsyncSession, code: str) -> PromoCode | None:
    """The code of this name, in letters of either case, whether or not it can be used now."""
    return await session.scalar(select(PromoCode).where(_named(code)))


def _named(code: str) -> ColumnElement[bool]:
    return func.upper(PromoCode.code) == code.strip().upper()


def _why_not(row: PromoCode) -> str:
    if row.disabled_at is not None or (row.ends_at is not None and row.ends_at <= now()):
        return _("This code is not valid any more.")
    if row.starts_at is not None and row.starts_at > now():
        return _("This code is not valid yet.")
    if row.max_redemptions is not None and row.redeemed >= row.max_redemptions:
        return _("This code has been used up.")
    return ""


def taken_off(row: PromoCode, money: Money) -> Money:
    """What is taken off; never so much that less is left than can be charged at all."""
    wanted = money.share(row.value, 100) if row.kind == "percent" else Money(row.value, money.currency)
    return min(wanted, money - smallest_charge(money.currency))


def _refuse_nonsense(wanted: NewPromo) -> None:
    problems = {}
    if not wanted.code.strip() or len(wanted.code) > 40 or not wanted.code.replace("-", "").isalnum():
        problems["code"] = _("A code has 1 to 40 letters, digits and dashes.")
    if wanted.kind not in KINDS:
        problems["kind"] = _("A code is of percent, of an amount, or of days.")
    if wanted.value < 1 or (wanted.kind == "percent" and wanted.value > 99):
        problems["value"] = _("From 1; percent up to 99. For a whole period free, give days.")
    if (wanted.kind == "amount") != bool(wanted.currency):
        problems["currency"] = _("An amount has a currency, percent and days have none.")
    if not 1 <= wanted.months <= LONGEST or (wanted.kind == "days" and wanted.months > 1):
        problems["months"] = _("From 1 to 36 months; free days are given once.")
    if wanted.starts_at and wanted.ends_at and wanted.starts_at >= wanted.ends_at:
        problems["ends_at"] = _("It ends before it begins.")
    if problems:
        raise PromoRefused(_("This code cannot be made."), fields=problems)
