"""Buying: from a price to a page of the provider, one open at a time for an organisation and a product."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.applying import close_intent
from verf.billing.consent import Consent
from verf.billing.earning import is_extendable
from verf.billing.for_sale import choose, price_tag, published
from verf.billing.handling import refresh
from verf.billing.mirroring import HOUSE, live_subscription
from verf.billing.models import CheckoutIntent, PlanVersion, Price
from verf.billing.on_account import hold
from verf.billing.owners import customer_of, lock
from verf.billing.promo_codes import discount_of, reserve, settle_redemption
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.providers.orders import Opened, Order, PriceTag
from verf.billing.providers.pictures import Subject
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import provider
from verf.billing.settings import BillingSettings
from verf.billing.states import CheckoutState, Engine
from verf.database import transaction
from verf.errors import Conflict, NotFound
from verf.kit import Money, new_id, now
from verf.settings import House, load
from verf.web import _

# Somebody else of the same organisation may be opening the same page right now.
PATIENCE = 20
PAUSE = 0.25
# Nobody has seen the page of an order whose provider did not answer: the next who asks may ask again, or otherwise.
UNANSWERED = "the provider did not answer"


class AlreadySubscribed(Conflict):
    """There is a live subscription: change it instead of buying a second."""


class CheckoutBeingOpened(Conflict):
    """The same organisation opens this checkout at this very moment."""


class CheckoutUnknown(NotFound):
    pass


@dataclass(frozen=True, kw_only=True)
class Buyer:
    organisation: UUID
    person: UUID
    email: str
    locale: str = "en"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is to be bought, and how."""

    price: UUID
    tag: PriceTag
    source: Provider
    due: Money
    promo: str = ""
    change_of: UUID | None = None
    consent: Consent | None = None

    def is_that_of(self, intent: CheckoutIntent) -> bool:
        theirs = (intent.price_id, intent.provider, intent.promo_code, intent.change_of)
        # The difference between two plans grows smaller by the second: the page that is open asks for what it was.
        return theirs == (self.price, self.source.name, self.promo, self.change_of)


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """`url` is empty while the page is being opened, and when it is over."""

    id: UUID
    product: str
    plan: str
    provider: str
    state: CheckoutState
    money: Money
    url: str
    expires_at: datetime
    failure: str = ""
    terms_accepted_at: datetime | None = None


async def start_checkout(
    buyer: Buyer,
    price: UUID,
    *,
    through: str = "",
    promo: str = "",
    money: Money | None = None,
    change_of: UUID | None = None,
    consent: Consent | None = None,
) -> Checkout:
    """Open a page where this price can be paid; the page that is open already, if it is for the same.

    `through` names the provider; the first that takes the currency otherwise. `promo` is a code that lowers the first
    payment; `money` with `change_of` is the difference that changes this subscription's plan; `consent` what the buyer
    has agreed to, where somebody asked. Calls outside: not inside a transaction.
    """
    async with transaction(organisation=buyer.organisation) as session:
        tag, _version = await price_tag(session, price)
    source = choose(tag.money.currency, through)
    choice = Choice(
        price=price,
        tag=tag,
        source=source,
        due=money or tag.money,
        promo=promo.strip().upper(),
        change_of=change_of,
        consent=consent,
    )
    for _attempt in range(PATIENCE):
        intent, is_mine = await _claim(buyer, choice)
        if is_mine:
            return await _open(buyer, intent, choice)
        if not intent.url:
            await asyncio.sleep(PAUSE)
        elif choice.is_that_of(intent):
            return await _seen(buyer.organisation, intent.id)
        else:
            await _supersede(intent)
    raise CheckoutBeingOpened(_("A payment page is being opened for you already. Please try again in a moment."))


async def see_checkout(organisation: UUID, intent: UUID) -> Checkout:
    return await _seen(organisation, intent)


async def check_checkout(organisation: UUID, intent: UUID) -> Checkout:
    """Ask the provider now, as when the customer comes back from its page; the truth as far as it is known."""
    async with transaction(organisation=organisation) as session:
        row = await _one(session, organisation, intent)
    if row.state == CheckoutState.OPEN and row.ref:
        # A provider that wants to be left in peace, or is down, leaves it at what we know: a job asks again.
        with suppress(ProviderUnreachable):
            await refresh(row.provider, Subject("checkout", row.ref), cause="return from checkout")
    return await _seen(organisation, intent)


async def _claim(buyer: Buyer, choice: Choice) -> tuple[CheckoutIntent, bool]:
    """The open intent of this organisation and product, and whether it is ours to open at the provider."""
    async with transaction(organisation=buyer.organisation) as session:
        await lock(session, buyer.organisation, choice.tag.product)
        await _refuse_a_second(session, buyer.organisation, choice.tag.product, choice.source)
        query = select(CheckoutIntent).where(
            CheckoutIntent.organisation_id == buyer.organisation,
            CheckoutIntent.product == choice.tag.product,
            CheckoutIntent.state == CheckoutState.OPEN,
        )
        found = await session.scalar(query)
        if found is not None and (found.expires_at <= now() or (_is_left(found) and not choice.is_that_of(found))):
            await _give_up(session, found)
            found = None
        if found is not None:
            is_left, found.failure = _is_left(found), ""
            if choice.is_that_of(found):
                _note_consent(found, choice.consent)
            return found, is_left
        intent = CheckoutIntent(
            id=new_id(),
            organisation_id=buyer.organisation,
            person_id=buyer.person,
            email=buyer.email,
            product=choice.tag.product,
            price_id=choice.price,
            provider=choice.source.name,
            account=choice.source.account,
            is_live=choice.source.is_live,
            currency=choice.due.currency,
            amount=choice.due.minor_units,
            promo_code=choice.promo,
            change_of=choice.change_of,
            locale=buyer.locale,
            state=CheckoutState.OPEN,
            url="",
            expires_at=now() + load(BillingSettings).checkout_time,
        )
        _note_consent(intent, choice.consent)
        session.add(intent)
        await session.flush()
        if choice.promo:
            tag = choice.tag
            due = await reserve(
                session,
                buyer.organisation,
                choice.promo,
                product=tag.product,
                plan=tag.plan,
                money=tag.money,
                intent=intent.id,
                person=buyer.person,
            )
            intent.amount = due.minor_units
        if choice.source.abilities.engine == Engine.OWN:
            await hold(session, intent, least=choice.source.abilities.smallest_order(intent.currency))
        return intent, True


def _note_consent(intent: CheckoutIntent, consent: Consent | None) -> None:
    """The first counts: it was given before the page was opened."""
    if consent is None or intent.terms_accepted_at is not None:
        return
    intent.terms_version, intent.terms_words, intent.terms_accepted_at = consent.version, consent.words, consent.at


def _is_left(intent: CheckoutIntent) -> bool:
    """By a provider that did not answer, or a process that died meanwhile: the same order may be asked for again."""
    is_orphan = intent.created_at + load(BillingSettings).checkout_time / 30 < now()
    return not intent.url and (intent.failure == UNANSWERED or is_orphan)


async def _refuse_a_second(session: AsyncSession, organisation: UUID, product: str, source: Provider) -> None:
    live = await live_subscription(session, organisation, product)
    if live is None or live.provider == HOUSE or is_extendable(live, source.name):
        return
    raise AlreadySubscribed(_("You have a subscription already. Change its plan instead of buying another."))


async def _open(buyer: Buyer, intent: CheckoutIntent, choice: Choice) -> Checkout:
    source = choice.source
    async with transaction(organisation=buyer.organisation) as session:
        account = (source.name, source.account, source.is_live)
        customer = await customer_of(session, buyer.organisation, account)
        discount = await discount_of(session, intent.promo_code, choice.tag.money) if intent.promo_code else None
    try:
        ref = await published(source, choice.tag, choice.price)
        order = Order(
            id=intent.id,
            organisation=buyer.organisation,
            email=buyer.email,
            price=PriceTag(**{**vars(choice.tag), "ref": ref}),
            money=Money(intent.amount, intent.currency),
            return_url=f"{load(House).url}/billing/return?checkout={intent.id}",
            expires_at=intent.expires_at,
            locale=buyer.locale,
            customer=customer,
            discount=discount,
        )
        opened = await source.open_checkout(order)
    except ProviderRefused as error:
        await _note(buyer.organisation, intent.id, failure=str(error))
        raise
    except ProviderUnreachable:
        await _leave(buyer.organisation, intent.id)
        raise
    await _note(buyer.organisation, intent.id, opened=opened)
    return await _seen(buyer.organisation, intent.id)


async def _supersede(intent: CheckoutIntent) -> None:
    """Something else was chosen: the page before must not be paid any more. If it has been, its outcome counts."""
    source = provider(intent.provider)
    try:
        await source.close_checkout(intent.ref or "")
    except ProviderRefused:
        await refresh(intent.provider, Subject("checkout", intent.ref or ""), cause="another plan was chosen")
    async with transaction(organisation=intent.organisation_id) as session:
        row = await _one(session, intent.organisation_id, intent.id)
        if row.state == CheckoutState.OPEN:
            await _give_up(session, row)


async def _give_up(
    session: AsyncSession, row: CheckoutIntent, *, state: CheckoutState = CheckoutState.EXPIRED, why: str = "superseded"
) -> None:
    """Its promo code is free again at once: the very next checkout may want it."""
    row.failure = why[:500]
    await close_intent(session, row, state)
    await settle_redemption(session, row.id)


async def _leave(organisation: UUID, intent: UUID) -> None:
    async with transaction(organisation=organisation) as session:
        row = await _one(session, organisation, intent)
        if row.state == CheckoutState.OPEN and not row.url:
            row.failure = UNANSWERED


async def _note(organisation: UUID, intent: UUID, *, opened: Opened | None = None, failure: str = "") -> None:
    async with transaction(organisation=organisation) as session:
        row = await _one(session, organisation, intent)
        if opened is not None:
            row.ref, row.url, row.expires_at = opened.ref, opened.url, opened.expires_at
            row.next_check_at = now() + (load(BillingSettings).checkout_time / 30)
        elif row.state == CheckoutState.OPEN:
            await _give_up(session, row, state=CheckoutState.FAILED, why=failure)


async def _seen(organisation: UUID, intent: UUID) -> Checkout:
    async with transaction(organisation=organisation) as session:
        row = await _one(session, organisation, intent)
        price = await session.get_one(Price, row.price_id)
        plan = await session.get_one(PlanVersion, price.plan_version_id)
        return Checkout(
            id=row.id,
            product=row.product,
            plan=plan.plan,
            provider=row.provider,
            state=CheckoutState(row.state),
            money=Money(row.amount, row.currency),
            url=row.url if row.state == CheckoutState.OPEN else "",
            expires_at=row.expires_at,
            failure=row.failure,
            terms_accepted_at=row.terms_accepted_at,
        )


async def _one(session: AsyncSession, organisation: UUID, intent: UUID) -> CheckoutIntent:
    query = select(CheckoutIntent).where(CheckoutIntent.organisation_id == organisation, CheckoutIntent.id == intent)
    row = await session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise CheckoutUnknown(_("There is no such checkout."))
    return row
