"""Paddle Billing behind the one interface of providers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from verf.billing.providers.events import Event, NotAble
from verf.billing.providers.orders import Charge, Opened, Order, Preview, PriceTag, Usage
from verf.billing.providers.paddle import changes, checkouts, prices, refunds
from verf.billing.providers.paddle.answers import Api, Unknown
from verf.billing.providers.paddle.fields import Json, written
from verf.billing.providers.paddle.notifications import event_of, subject_of
from verf.billing.providers.paddle.payments import is_payment, payments_of
from verf.billing.providers.paddle.settings import Connection
from verf.billing.providers.paddle.signatures import check
from verf.billing.providers.paddle.subscriptions import checkout_of, subscription_of
from verf.billing.providers.pictures import Payment, Picture, Refund, Subject
from verf.billing.providers.provider import Abilities
from verf.billing.providers.unable import must_take
from verf.billing.states import Engine
from verf.errors import NotFound
from verf.kit import Money, now
from verf.web import _

CURRENCIES = (
    "ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EUR GBP HKD HUF ILS INR JPY KRW MXN NOK NZD PEN PLN RUB SEK SGD THB TRY "
    "TWD UAH USD VND ZAR"
)
SETTLED = "paid,completed,past_due,billed,canceled"


class Paddle:
    name = "paddle"
    title = "Paddle"
    abilities = Abilities(
        engine=Engine.MIRROR,
        currencies=frozenset(CURRENCIES.split()),
        has_prices=True,
        can_prorate=True,
        can_pause=True,
        can_put_off=True,
        has_portal=True,
        has_trials=True,
        has_disputes=True,
        warns_of_disputes=True,
    )

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.account = connection.account
        self.is_live = connection.is_live
        self._api = Api(connection)

    async def verify(self, headers: Mapping[str, str], body: bytes, *, sender: str) -> Event:
        if not self.connection.secrets:
            raise NotFound
        check(headers.get("paddle-signature", ""), body, self.connection.secrets, at=now())
        return event_of(body, self.connection)

    async def locate(self, event: Event) -> Subject | None:
        return event.subject

    async def fetch(self, subject: Subject) -> Picture | None:
        taken_at = now()
        try:
            if subject.kind == "subscription":
                return await self._picture(subject, taken_at, subscription=subject.ref)
            if subject.kind in {"checkout", "payment"}:
                return await self._picture_of_transaction(subject, taken_at)
        except Unknown:
            return None
        return None

    async def list_changes(self, since: datetime) -> AsyncIterator[Subject]:
        query = {"from": written(since), "order_by": "id[ASC]", "per_page": "200"}
        async for event in self._api.every("/events", **query):
            subject = subject_of(event["event_type"], event["data"])
            if subject:
                yield subject

    async def list_payments(self, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """A transaction is never touched before it is paid, so those of the window were touched since it began."""
        query = {"updated_at[GTE]": written(since), "status": SETTLED, "order_by": "id[ASC]", "per_page": "30"}
        page: list[Json] = []
        async for transaction in self._api.every("/transactions", **query):
            page.append(transaction)
            if len(page) == 30:
                for payment in await self._payments(page):
                    if since <= payment.occurred_at < until:
                        yield payment
                page = []
        for payment in await self._payments(page):
            if since <= payment.occurred_at < until:
                yield payment

    async def publish_price(self, price: PriceTag) -> str:
        return await prices.publish(self._api, price)

    async def open_checkout(self, order: Order) -> Opened:
        must_take(self.title, self.abilities, order.money)
        return await checkouts.open_checkout(self._api, order)

    async def close_checkout(self, ref: str) -> None:
        await checkouts.close_checkout(self._api, ref)

    async def portal(self, customer: str, return_url: str, *, only: str = "") -> str:
        """Its pages have a way back to the seller's site, set in Paddle's dashboard: `return_url` has no place.

        Every link of a session, deep ones too, signs in the customer with all their subscriptions. What leads to one
        subscription alone is a transaction for another card, on the page that takes payments.
        """
        if only:
            asked = await self._api.get(f"/subscriptions/{only}/update-payment-method-transaction")
            return str(asked["checkout"]["url"])
        session = await self._api.post(f"/customers/{customer}/portal-sessions", {})
        return str(session["urls"]["general"]["overview"])

    async def preview_change(self, subscription: str, price: PriceTag) -> Preview:
        return await changes.preview(self._api, subscription, await self.publish_price(price))

    async def change_plan(
        self, subscription: str, price: PriceTag, *, when: Literal["now", "period_end"], key: str, token: str = ""
    ) -> None:
        told = await self._api.get(f"/subscriptions/{subscription}")
        seen = subscription_of(told, await self._transactions(subscription))
        await changes.change(self._api, seen, await self.publish_price(price), when)

    async def cancel(self, subscription: str, *, when: Literal["now", "period_end"], key: str) -> None:
        await changes.cancel(self._api, subscription, when)

    async def resume(self, subscription: str, *, key: str) -> None:
        await changes.resume(self._api, subscription)

    async def put_off(self, subscription: str, *, until: datetime, key: str) -> None:
        await changes.put_off(self._api, subscription, until)

    async def pause(self, subscription: str, *, key: str) -> None:
        await changes.pause(self._api, subscription)

    async def charge(self, charge: Charge) -> Payment:
        raise NotAble(_("Paddle charges by itself."))

    async def refund(self, payment: str, money: Money, *, key: str, reason: str, email: str = "") -> Refund:
        return await refunds.refund(self._api, payment, money, key=key, reason=reason)

    async def report_usage(self, usage: Usage) -> None:
        raise NotAble(_("Paddle counts no usage."))

    async def _picture_of_transaction(self, subject: Subject, taken_at: datetime) -> Picture:
        """Whole: what came out of a checkout, or what a payment belongs to, is in it."""
        transaction = await self._api.get(f"/transactions/{subject.ref}")
        if transaction["subscription_id"]:
            return await self._picture(subject, taken_at, transaction["subscription_id"], transaction)
        is_done = transaction["status"] == "completed" or subject.kind == "payment"
        return Picture(
            provider=self.name,
            account=self.account,
            is_live=self.is_live,
            subject=subject,
            taken_at=taken_at,
            customer=transaction["customer_id"] or "",
            checkout=checkout_of(transaction) if subject.kind == "checkout" else None,
            payments=tuple(await self._payments([transaction])) if is_done else (),
            raw={"transactions": [transaction]},
        )

    async def _picture(
        self, subject: Subject, taken_at: datetime, subscription: str, first: Json | None = None
    ) -> Picture:
        told = await self._api.get(f"/subscriptions/{subscription}")
        transactions = await self._transactions(subscription)
        adjustments = [each async for each in self._api.every("/adjustments", subscription_id=subscription)]
        return Picture(
            provider=self.name,
            account=self.account,
            is_live=self.is_live,
            subject=subject,
            taken_at=taken_at,
            customer=told["customer_id"],
            checkout=checkout_of(first) if first and subject.kind == "checkout" else None,
            subscription=subscription_of(told, transactions),
            payments=payments_of(transactions, adjustments),
            raw={"subscription": told, "transactions": transactions, "adjustments": adjustments},
        )

    async def _transactions(self, subscription: str) -> list[Json]:
        query = {"subscription_id": subscription, "order_by": "id[ASC]", "per_page": "30"}
        return [each async for each in self._api.every("/transactions", **query)]

    async def _payments(self, transactions: Sequence[Json]) -> Sequence[Payment]:
        paid = [each for each in transactions if is_payment(each)]
        if not paid:
            return ()
        adjusted = ",".join(each["id"] for each in paid)
        adjustments = [each async for each in self._api.every("/adjustments", transaction_id=adjusted)]
        return payments_of(paid, adjustments)
