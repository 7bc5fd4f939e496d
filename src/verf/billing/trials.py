"""One trial per person and product, without a card, begun at the first use (C19.6)."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.access import read_access
from verf.billing.catalogue import Version, catalogue
from verf.billing.declarations import product_of
from verf.billing.disputes import is_barred
from verf.billing.entitling import Entitlements, entitlements
from verf.billing.grants import give
from verf.billing.mirroring import HOUSE, log_changes
from verf.billing.models import Grant, PaymentMethod, Subscription, TrialClaim
from verf.billing.owners import lock
from verf.billing.states import Engine, SubscriptionState
from verf.identity import people_of
from verf.kit import new_id, now
from verf.organisations import owners_of
from verf.settings import House, load, secret

# Whose mailboxes read the same with and without dots, and under two names.
DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


class _Claimed(Exception):
    """One of the keys has had its trial."""


async def begin_trial(session: AsyncSession, organisation: UUID, product: str, *, person: UUID | None = None) -> bool:
    """At the first use of a product by an organisation that never had access to it. False: no trial, and why not is
    nobody's business. `person` is who asks; a job asks for the organisation's first owner. Repeating changes nothing.
    """
    declared = product_of(product)
    if not declared.trial_plan:
        return False
    await lock(session, organisation, product)
    if await _has_history(session, organisation, product) or await is_barred(session, organisation):
        return False
    version = (await catalogue(session)).current(product, declared.trial_plan)
    keys = await keys_of(session, organisation, person)
    if not keys or not version.terms.trial_days or not await claim(session, organisation, product, keys):
        return False
    await _open(session, organisation, version)
    return True


async def first_use(
    session: AsyncSession, organisation: UUID, product: str, *, person: UUID | None = None
) -> Entitlements:
    """What may be done, as this transaction sees it; whoever never had any access gets their trial now."""
    known = await entitlements(organisation, product, session)
    if known.has_ever:
        return known
    # Refused, it may be because another request has begun it at this very moment: read again in either case.
    await begin_trial(session, organisation, product, person=person)
    return Entitlements(await read_access(session, organisation, product), known.offers)


async def claim(session: AsyncSession, organisation: UUID, product: str, keys: Mapping[str, str]) -> bool:
    """All keys or none: {"account": id, "mail": address, …}. False when one of them was claimed before."""
    try:
        async with session.begin_nested():
            for kind, value in sorted(keys.items()):
                await _claim_one(session, organisation, product, kind, value)
    except _Claimed:
        return False
    return True


async def claim_card(session: AsyncSession, organisation: UUID, product: str) -> None:
    """Who has paid had their chance: another account that shows the same card gets no trial of this product."""
    if card := await _card_of(session, organisation):
        await claim(session, organisation, product, {"card": card})


async def bar(session: AsyncSession, organisation: UUID, product: str) -> None:
    """Who lost us money gets no trial under another name of theirs either."""
    for kind, value in (await keys_of(session, organisation, None)).items():
        await claim(session, organisation, product, {kind: value})


def unaliased(email: str) -> str:
    """Where mail to it arrives: without what follows a plus, and for Gmail without dots."""
    name, _, domain = email.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    if domain in DOTLESS:
        name, domain = name.replace(".", ""), DOTLESS[domain]
    return f"{name}@{domain}"


def digest(what: str) -> bytes:
    """Keyed, so that the table tells nobody whom it knows."""
    return blake2b(what.encode(), key=secret("billing trials"), digest_size=32).digest()


async def _claim_one(session: AsyncSession, organisation: UUID, product: str, kind: str, value: str) -> None:
    hashed = digest(f"{product}:{kind}:{value}")
    claimed = insert(TrialClaim).values(
        product=product, kind=kind, hash=hashed, organisation_id=organisation, claimed_at=now()
    )
    won = await session.scalar(claimed.on_conflict_do_nothing().returning(TrialClaim.kind))
    if won is None:
        raise _Claimed


async def _has_history(session: AsyncSession, organisation: UUID, product: str) -> bool:
    for record in (Grant, Subscription):
        query = select(record.id).where(record.organisation_id == organisation, record.product == product)
        if await session.scalar(query.limit(1)):
            return True
    return False


async def keys_of(session: AsyncSession, organisation: UUID, person: UUID | None) -> dict[str, str]:
    """What a person is known again by, under whatever organisation; the first owner if nobody is named."""
    if person is None:
        owners = await owners_of(session, organisation)
        if not owners:
            return {}
        person = owners[0]
    [found] = (await people_of(session, [person])).values()
    keys = {"account": str(person), "mail": unaliased(found.email), "organisation": str(organisation)}
    card = await _card_of(session, organisation)
    return {**keys, "card": card} if card else keys


async def _card_of(session: AsyncSession, organisation: UUID) -> str:
    """The keyed fingerprint of the card they pay with, where a provider tells one."""
    query = select(PaymentMethod.fingerprint).where(
        PaymentMethod.organisation_id == organisation, PaymentMethod.fingerprint != ""
    )
    return await session.scalar(query.order_by(PaymentMethod.id.desc()).limit(1)) or ""


async def _open(session: AsyncSession, organisation: UUID, version: Version) -> None:
    """A subscription of the house itself, which a paid one ends."""
    begins = now()
    ends = begins + timedelta(days=version.terms.trial_days)
    identity = new_id()
    row = Subscription(
        id=identity,
        organisation_id=organisation,
        product=version.product,
        provider=HOUSE,
        account=HOUSE,
        is_live=not load(House).is_sandbox,
        ref=str(identity),
        engine=Engine.OWN,
        state=SubscriptionState.TRIALING,
        plan_version_id=version.id,
        anchor_at=begins,
        period_start=begins,
        period_end=ends,
        trial_end=ends,
        next_charge_at=ends,
    )
    session.add(row)
    await session.flush()
    await give(
        session,
        organisation,
        version.product,
        source="trial",
        source_ref=str(identity),
        plan_version=version.id,
        subscription=identity,
        starts_at=begins,
        ends_at=ends,
    )
    await log_changes(session, row, {}, cause="trial started")
