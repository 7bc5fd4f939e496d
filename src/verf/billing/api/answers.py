"""What the API of billing says, described for OpenAPI."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from verf.billing.changing import Change
from verf.billing.checkouts import Checkout
from verf.billing.estimates import Estimate
from verf.billing.price_list import PlanOffered, PriceList, PriceOffered
from verf.billing.standing import Standing
from verf.billing.statements import PaymentLine
from verf.billing.usage_report import FeatureUse
from verf.kit import Money

STATE = "incomplete, trialing, active, past_due, suspended or ended."


class MoneyAnswer(BaseModel):
    minor_units: int = Field(examples=[2990])
    currency: str = Field(examples=["USD"])
    amount: str = Field(description="The same in major units, as exact text.", examples=["29.90"])

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(minor_units=money.minor_units, currency=money.currency, amount=str(money.decimal))

    @classmethod
    def maybe(cls, money: Money | None) -> Self | None:
        return cls.of(money) if money else None


class PriceAnswer(BaseModel):
    id: UUID = Field(description="What checkout and change ask for.")
    key: str = Field(examples=["stock.pro.month.usd.v1"])
    money: MoneyAnswer
    interval: Literal["day", "week", "month", "year", "once"]
    interval_count: int

    @classmethod
    def of(cls, price: PriceOffered) -> Self:
        return cls(
            id=price.id,
            key=price.key,
            money=MoneyAnswer.of(price.money),
            interval=price.interval,
            interval_count=price.interval_count,
        )


class GivenAnswer(BaseModel):
    feature: str = Field(examples=["products"])
    title: str = Field(examples=["Products followed"])
    kind: Literal["switch", "number", "quota"]
    amount: int | None = Field(description="None: without limit, or a switch that is on.", examples=[1000])
    per: str | None = Field(description="Of a quota, when it begins anew: day or month.", examples=["month"])
    is_hard: bool = Field(description="Over a soft limit nothing is stopped.")


class PlanAnswer(BaseModel):
    plan: str = Field(examples=["pro"])
    title: str = Field(examples=["Pro"])
    summary: str
    rank: int = Field(description="Going to a higher one is an upgrade and happens now.")
    trial_days: int
    prices: list[PriceAnswer]
    gives: list[GivenAnswer]

    @classmethod
    def of(cls, plan: PlanOffered, prices: PriceList, shown: list[PriceOffered]) -> Self:
        given = [
            GivenAnswer(
                feature=known.feature,
                title=known.title,
                kind=known.kind,
                amount=plan.gives[known.feature].amount,
                per=plan.gives[known.feature].per if known.kind == "quota" else None,
                is_hard=plan.gives[known.feature].is_hard,
            )
            for known in prices.entitlements
            if known.feature in plan.gives
        ]
        return cls(
            plan=plan.plan,
            title=plan.title,
            summary=plan.summary,
            rank=plan.rank,
            trial_days=plan.trial_days,
            prices=[PriceAnswer.of(price) for price in shown],
            gives=given,
        )


class PlanList(BaseModel):
    product: str = Field(examples=["stock"])
    title: str
    currencies: list[str] = Field(examples=[["USD", "EUR", "RUB"]])
    trial_plan: str = Field(description="Tried without a card by newcomers; empty: none.")
    items: list[PlanAnswer]


class SubscriptionAnswer(BaseModel):
    product: str
    state: str | None = Field(description=f"{STATE} None: there never was one.", examples=["active"])
    plan: str = Field(examples=["pro"])
    price_id: UUID | None
    money: MoneyAnswer | None
    interval: str
    provider: str = Field(description="house: a trial of ours that nobody pays for.", examples=["stripe"])
    trial_end: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    paid_until: datetime | None
    cancel_at: datetime | None = Field(description="It is cancelled and ends then.")
    leaving: str = Field(description="period_end or now: it is cancelled, and its provider has yet to confirm it.")
    pending_plan: str = Field(description="What it becomes when what is paid is over.")
    next_charge: MoneyAnswer | None
    next_charge_at: datetime | None
    paused_at: datetime | None = Field(description="Nothing is charged until it is resumed.")
    past_due_since: datetime | None
    access_hold: str
    ended_at: datetime | None
    ended_because: str
    method: str = Field(examples=["Visa ···· 4242"])

    @classmethod
    def of(cls, standing: Standing) -> Self:
        return cls(
            product=standing.product,
            state=standing.state.value if standing.state else None,
            plan=standing.plan,
            price_id=standing.price,
            money=MoneyAnswer.maybe(standing.money),
            interval=standing.interval,
            provider=standing.provider,
            trial_end=standing.trial_end,
            period_start=standing.period_start,
            period_end=standing.period_end,
            paid_until=standing.paid_until,
            cancel_at=standing.cancel_at,
            leaving=standing.leaving,
            pending_plan=standing.pending_plan,
            next_charge=MoneyAnswer.maybe(standing.next_charge),
            next_charge_at=standing.next_charge_at,
            paused_at=standing.paused_at,
            past_due_since=standing.past_due_since,
            access_hold=standing.access_hold,
            ended_at=standing.ended_at,
            ended_because=standing.ended_because,
            method=standing.method,
        )


class InvoiceAnswer(BaseModel):
    id: UUID
    product: str
    plan: str
    kind: str = Field(description="initial, renewal, proration or one_off.")
    state: str = Field(description="paid, failed or void.")
    money: MoneyAnswer
    tax: MoneyAnswer = Field(description="Part of the money.")
    refunded: MoneyAnswer
    occurred_at: datetime
    period_start: datetime | None
    period_end: datetime | None
    provider: str
    method: str
    number: str
    receipt_url: str = Field(description="The provider's document, or a page of ours to print.")

    @classmethod
    def of(cls, line: PaymentLine, house: str) -> Self:
        return cls(
            id=line.id,
            product=line.product,
            plan=line.plan,
            kind=line.kind,
            state=line.state,
            money=MoneyAnswer.of(line.money),
            tax=MoneyAnswer.of(line.tax),
            refunded=MoneyAnswer.of(line.refunded),
            occurred_at=line.occurred_at,
            period_start=line.period_start,
            period_end=line.period_end,
            provider=line.provider,
            method=line.method,
            number=line.number,
            receipt_url=f"{house}{line.receipt}" if line.receipt.startswith("/") else line.receipt,
        )


class InvoicePage(BaseModel):
    items: list[InvoiceAnswer]
    next_cursor: str | None


class UseAnswer(BaseModel):
    feature: str = Field(examples=["calls"])
    title: str = Field(examples=["API calls a month"])
    kind: str = Field(description="switch, number or quota.")
    is_given: bool = Field(description="Whether the plan has it at all.")
    limit: int | None = Field(description="None: without limit.", examples=[10000])
    used: int | None = Field(description="None: nothing that is counted.", examples=[8120])
    reserved: int = Field(description="Under way, and counted in until it is settled.")
    percent: int | None = Field(description="Of the limit, at most 100.", examples=[81])
    is_hard: bool = Field(description="Over a soft limit nothing is stopped.")
    starts_at: datetime | None
    resets_at: datetime | None

    @classmethod
    def of(cls, use: FeatureUse) -> Self:
        return cls(
            feature=use.feature,
            title=use.title,
            kind=use.kind,
            is_given=use.is_given,
            limit=use.limit,
            used=use.used,
            reserved=use.reserved,
            percent=use.percent,
            is_hard=use.is_hard,
            starts_at=use.starts_at,
            resets_at=use.resets_at,
        )


class UseList(BaseModel):
    product: str
    items: list[UseAnswer]


class CheckoutAnswer(BaseModel):
    id: UUID
    state: str = Field(description="open, completed, failed or expired.")
    product: str
    plan: str
    provider: str
    money: MoneyAnswer = Field(description="What the first payment takes.")
    url: str = Field(description="Where to pay, while it is open.")
    expires_at: datetime
    terms_accepted_at: datetime | None = Field(description="When the consent was given that is kept with it.")

    @classmethod
    def of(cls, checkout: Checkout) -> Self:
        return cls(
            id=checkout.id,
            state=checkout.state,
            product=checkout.product,
            plan=checkout.plan,
            provider=checkout.provider,
            money=MoneyAnswer.of(checkout.money),
            url=checkout.url,
            expires_at=checkout.expires_at,
            terms_accepted_at=checkout.terms_accepted_at,
        )


class PortalAnswer(BaseModel):
    url: str = Field(description="Good once, for a few minutes.")


class EstimateAnswer(BaseModel):
    when: Literal["now", "period_end"] = Field(description="An upgrade happens now, a downgrade when the period ends.")
    due_now: MoneyAnswer
    credit: MoneyAnswer = Field(description="What is left of the old plan, and counted in.")
    next_payment: MoneyAnswer
    next_payment_at: datetime | None
    token: str = Field(description="Send it back with the change, so that it costs what was shown.")

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        return cls(
            when=estimate.when,
            due_now=MoneyAnswer.of(estimate.due_now),
            credit=MoneyAnswer.of(estimate.credit),
            next_payment=MoneyAnswer.of(estimate.next_payment),
            next_payment_at=estimate.next_payment_at,
            token=estimate.token,
        )


class ChangeAnswer(BaseModel):
    outcome: Literal["done", "scheduled", "pending", "to_pay", "failed"] = Field(
        description="failed: the difference was declined and nothing has changed. to_pay: at `url`."
    )
    at: datetime | None
    url: str
    failure: str

    @classmethod
    def of(cls, change: Change) -> Self:
        return cls(outcome=change.outcome, at=change.at, url=change.url, failure=change.failure)
