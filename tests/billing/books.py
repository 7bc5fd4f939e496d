"""A small business on a clean database: an organisation, a price list, and a provider whose pictures we draw."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from verf.billing.applying import Applied, apply
from verf.billing.models import (
    CheckoutIntent,
    Finding,
    Grant,
    LedgerEntry,
    Payment,
    PlanVersion,
    Price,
    ProviderPrice,
    Refund,
    Subscription,
)
from verf.billing.providers import pictures
from verf.billing.providers.pictures import CheckoutSeen, Picture, Subject
from verf.billing.states import CheckoutState, PaymentState, SubscriptionState
from verf.billing.terms import Given, Terms
from verf.database import transaction
from verf.identity import Application, new_hash
from verf.kit import Money, new_id, now
from verf.organisations import memberships_of, settle

MIRRORED, OWN = "stripe", "yookassa"
ACCOUNT = "acct_test"
PLANS = {"starter": (1, 990), "pro": (2, 2990)}
MONTH = timedelta(days=31)


@dataclass
class Books:
    organisation: UUID
    person: UUID
    prices: dict[str, UUID]
    start: datetime

    @classmethod
    async def open(cls) -> "Books":
        organisation, person = await an_organisation("anna@example.com")
        async with transaction() as session:
            prices = {}
            for plan, (rank, amount) in PLANS.items():
                terms = Terms(
                    plan=plan, title=plan.title(), rank=rank, gives={"stock:products": Given(kind="number", amount=100)}
                )
                version = PlanVersion(
                    product="stock",
                    plan=plan,
                    version=1,
                    title=plan.title(),
                    rank=rank,
                    terms=terms.as_document(),
                    digest=plan,
                )
                session.add(version)
                await session.flush()
                for currency, times in (("USD", 1), ("RUB", 90)):
                    price = Price(
                        id=new_id(),
                        plan_version_id=version.id,
                        key=f"stock.{plan}.month.{currency.lower()}.v1",
                        currency=currency,
                        amount=amount * times,
                        interval="month",
                    )
                    session.add(price)
                    await session.flush()
                    name = plan if currency == "USD" else f"{plan}-rub"
                    prices[name] = price.id
                    session.add(
                        ProviderPrice(
                            provider=MIRRORED,
                            account=ACCOUNT,
                            is_live=False,
                            price_id=price.id,
                            ref=f"price_{name}",
                        )
                    )
        return cls(organisation, person, prices, now())

    async def intent(self, plan: str = "pro", *, provider: str = MIRRORED, organisation: UUID | None = None) -> UUID:
        organisation = organisation or self.organisation
        async with transaction(organisation=organisation) as session:
            price = await session.get_one(Price, self.prices[plan])
            row = CheckoutIntent(
                id=new_id(),
                organisation_id=organisation,
                person_id=self.person,
                email="anna@example.com",
                product="stock",
                price_id=price.id,
                provider=provider,
                account=ACCOUNT,
                is_live=False,
                currency=price.currency,
                amount=price.amount,
                ref=f"cs_{new_id()}",
                url="https://pay.example",
                expires_at=now() + timedelta(hours=1),
            )
            session.add(row)
            return row.id

    async def apply(self, picture: Picture) -> Applied:
        async with transaction(system="test applies a picture") as session:
            return await apply(session, picture, cause="test")

    async def rows(self, record: type[Any]) -> list[Any]:
        async with transaction(system="test looks") as session:
            return list(await session.scalars(select(record).order_by(record.id)))

    async def one(self, record: type[Any]) -> Any:
        [row] = await self.rows(record)
        return row

    async def one_plan(self, name: str) -> UUID:
        [found] = [row.id for row in await self.rows(PlanVersion) if row.plan == name]
        return found

    async def ledger(self) -> dict[str, int]:
        """What stands in each account."""
        async with transaction(system="test adds up") as session:
            query = select(LedgerEntry.ledger, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.ledger)
            return {ledger: int(amount) for ledger, amount in await session.execute(query) if amount}

    async def state(self) -> dict[str, Any]:
        """All that must be the same however the news came."""
        subscriptions = [
            (row.ref, row.state, str(row.price_id), row.paid_until, row.access_hold, row.cancel_at, row.ended_at)
            for row in await self.rows(Subscription)
        ]
        return {
            "subscriptions": subscriptions,
            "payments": sorted((row.ref, row.state, row.amount, row.refunded) for row in await self.rows(Payment)),
            "refunds": sorted((row.ref, row.state, row.amount) for row in await self.rows(Refund)),
            "grants": sorted(
                (row.starts_at, row.ends_at, row.revoked_at is not None, row.revoked_because)
                for row in await self.rows(Grant)
            ),
            "ledger": await self.ledger(),
            "findings": sorted((row.kind, row.subject) for row in await self.rows(Finding)),
            "intents": sorted(row.state for row in await self.rows(CheckoutIntent)),
        }


async def an_organisation(email: str) -> tuple[UUID, UUID]:
    async with transaction(system="test makes a member") as session:
        application = Application(email=email, password_hash=await new_hash("grey tea in the harbour"), name="Anna")
        person = await settle(session, application, organisation="Anna & Co")
        [membership] = await memberships_of(session, person.id)
        return membership.organisation, person.id


def payment(ref: str, order: UUID | None, at: datetime, *, plan: str = "pro", **more: Any) -> pictures.Payment:
    given = {
        "state": PaymentState.PAID,
        "money": Money(PLANS[plan][1], "USD"),
        "price": f"price_{plan}",
        "period_start": at,
        "period_end": at + MONTH,
        **more,
    }
    return pictures.Payment(ref=ref, order=order, occurred_at=at, **given)


def mirrored(
    taken_at: datetime,
    order: UUID | None,
    *payments: pictures.Payment,
    state: SubscriptionState = SubscriptionState.ACTIVE,
    plan: str = "pro",
    ref: str = "sub_1",
    start: datetime,
    periods: int = 1,
    **more: Any,
) -> Picture:
    """What a provider that keeps the calendar shows of a subscription."""
    subscription = pictures.Subscription(
        ref=ref,
        state=state,
        price=f"price_{plan}",
        currency="USD",
        created_at=start,
        period_start=start + MONTH * (periods - 1),
        period_end=start + MONTH * periods,
        order=order,
        **more,
    )
    return Picture(
        provider=MIRRORED,
        account=ACCOUNT,
        is_live=False,
        subject=Subject("subscription", ref),
        taken_at=taken_at,
        customer="cus_1",
        subscription=subscription,
        payments=payments,
    )


def paid_to_us(taken_at: datetime, seen: pictures.Payment, *, checkout: CheckoutState | None = None) -> Picture:
    """What a provider shows of one payment, when the calendar is ours."""
    opened = CheckoutSeen(ref=seen.ref, state=checkout, order=seen.order) if checkout else None
    return Picture(
        provider=OWN,
        account=ACCOUNT,
        is_live=False,
        subject=Subject("payment", seen.ref),
        taken_at=taken_at,
        checkout=opened,
        payments=(replace(seen, price="", period_start=None, period_end=None),),
    )
