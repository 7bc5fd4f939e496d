from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from verf.billing.providers.events import Event, Forged, NotAble
from verf.billing.providers.orders import Charge, Opened, Order, Preview, PriceTag, Usage
from verf.billing.providers.pictures import Payment, Picture, Refund, Subject
from verf.billing.providers.provider import Abilities
from verf.billing.providers.stripe import changes, checkout, listing, prices, reading, refunds
from verf.billing.providers.stripe.connection import STRIPE, connect, our_errors
from verf.billing.providers.stripe.events import event_of, ref_of
from verf.billing.providers.stripe.metering import Meters
from verf.billing.providers.stripe.payments import refund_of
from verf.billing.providers.stripe.settings import PINNED_VERSION, StripeSettings
from verf.billing.providers.stripe.signatures import check
from verf.billing.providers.stripe.subscriptions import subscription_of
from verf.billing.providers.unable import must_take
from verf.billing.states import Engine
from verf.kit import Money, now
from verf.settings import House, load
from verf.web import _

CURRENCIES = frozenset(
    {
        "AED", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF",
        "IDR", "ILS", "INR", "ISK", "JOD", "JPY", "KRW", "KWD", "KZT", "MXN", "MYR", "NOK", "NZD", "OMR",
        "PHP", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TND", "TRY", "TWD", "UAH", "UGX", "USD", "UYU",
        "VND", "ZAR",
    }
)  # fmt: skip
ABILITIES = Abilities(
    engine=Engine.MIRROR,
    currencies=CURRENCIES,
    has_prices=True,
    can_save_methods=True,
    can_prorate=True,
    can_pause=True,
    has_portal=True,
    has_trials=True,
    has_disputes=True,
    can_meter=True,
    can_put_off=True,
)


class StripeProvider:
    name = "stripe"
    title = "Stripe"
    abilities = ABILITIES

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secrets: Sequence[str],
        account: str,
        url: str = STRIPE,
        api_version: str = PINNED_VERSION,
        price_refs: Mapping[str, str] | None = None,
        timeout: float = 30,
    ) -> None:
        self.account = account
        self.is_live = secret_key.startswith(("sk_live_", "rk_live_"))
        self.webhook_secrets = [secret for secret in webhook_secrets if secret]
        self.api_version = api_version
        self.price_refs = dict(price_refs or {})
        self.meters = Meters()
        self.client = connect(secret_key, url, version=PINNED_VERSION, timeout=timeout)

    async def verify(self, headers: Mapping[str, str], body: bytes, *, sender: str) -> Event:
        if not self.webhook_secrets:
            raise Forged("no webhook secret is set")
        check(headers.get("stripe-signature", ""), body, self.webhook_secrets, now=now())
        return event_of(body, account=self.account, version=self.api_version)

    async def locate(self, event: Event) -> Subject | None:
        if event.subject is None or event.subject.kind != "payment":
            return event.subject
        with our_errors():
            return await reading.root_of(self.client, event.subject.ref)

    async def fetch(self, subject: Subject) -> Picture | None:
        with our_errors():
            if subject.kind == "subscription":
                return await self._subscription(subject)
            if subject.kind == "checkout":
                return await self._checkout(subject)
            if subject.kind == "payment":
                return await self._payment(subject)
        return None

    async def list_changes(self, since: datetime) -> AsyncIterator[Subject]:
        with our_errors():
            async for subject in listing.changes(self.client, since):
                yield subject

    async def list_payments(self, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        with our_errors():
            async for payment in listing.payments(self.client, since, until):
                yield payment

    async def publish_price(self, price: PriceTag) -> str:
        if price.key in self.price_refs:
            return self.price_refs[price.key]
        with our_errors():
            return await prices.publish(self.client, price)

    async def open_checkout(self, order: Order) -> Opened:
        must_take(self.title, self.abilities, order.money)
        with our_errors():
            metered = await self.meters.prices(self.client, order.price)
            return await checkout.open_page(self.client, order, await self._price(order.price), metered)

    async def close_checkout(self, ref: str) -> None:
        with our_errors():
            await checkout.close_page(self.client, ref)

    async def portal(self, customer: str, return_url: str, *, only: str = "") -> str:
        with our_errors():
            session = await self.client.v1.billing_portal.sessions.create_async(
                {"customer": customer, "return_url": return_url}
            )
        return session.url

    async def preview_change(self, subscription: str, price: PriceTag) -> Preview:
        with our_errors():
            return await changes.preview(self.client, subscription, price, await self._price(price))

    async def change_plan(
        self, subscription: str, price: PriceTag, *, when: Literal["now", "period_end"], key: str, token: str = ""
    ) -> None:
        with our_errors():
            ref, metered = await self._price(price), await self.meters.prices(self.client, price)
            if when == "now":
                await changes.change_now(self.client, subscription, ref, metered, key=key, token=token)
            else:
                await changes.change_at_period_end(self.client, subscription, price, [ref, *metered], key=key)

    async def cancel(self, subscription: str, *, when: Literal["now", "period_end"], key: str) -> None:
        with our_errors():
            await changes.cancel(self.client, subscription, when=when, key=key)

    async def resume(self, subscription: str, *, key: str) -> None:
        with our_errors():
            await changes.resume(self.client, subscription, key=key)

    async def put_off(self, subscription: str, *, until: datetime, key: str) -> None:
        with our_errors():
            await changes.put_off(self.client, subscription, until, key=key)

    async def pause(self, subscription: str, *, key: str) -> None:
        with our_errors():
            await changes.pause(self.client, subscription, key=key)

    async def charge(self, charge: Charge) -> Payment:
        raise NotAble(_("Stripe charges by its own calendar."), provider_code="not_able")

    async def refund(self, payment: str, money: Money, *, key: str, reason: str, email: str = "") -> Refund:
        with our_errors():
            return refund_of(await refunds.make(self.client, payment, money, key=key, reason=reason))

    async def report_usage(self, usage: Usage) -> None:
        with our_errors():
            await self.meters.report(self.client, usage)

    async def _price(self, tag: PriceTag) -> str:
        return tag.ref or await self.publish_price(tag)

    async def _subscription(self, subject: Subject) -> Picture | None:
        taken_at = now()
        whole = await reading.read_subscription(self.client, subject.ref)
        if whole is None:
            return None
        raw = {
            "subscription": whole.subscription.to_dict(for_json=True),
            "invoices": [each.to_dict(for_json=True) for each in whole.invoices],
        }
        return replace(
            self._picture(subject, taken_at, whole.subscription, raw),
            subscription=subscription_of(whole.subscription),
            payments=whole.payments,
        )

    async def _checkout(self, subject: Subject) -> Picture | None:
        """With all that came out of it, so that one reading settles the return of a customer."""
        taken_at = now()
        session = await reading.read_checkout(self.client, subject.ref)
        if session is None:
            return None
        seen = reading.checkout_of(session)
        picture = self._picture(subject, taken_at, session, {"checkout": session.to_dict(for_json=True)})
        outcome: Picture | None = None
        if seen.subscription:
            outcome = await self._subscription(Subject("subscription", seen.subscription))
        elif seen.payment:
            outcome = await self._payment(Subject("payment", seen.payment))
        if outcome is not None:
            picture = replace(outcome, subject=subject, taken_at=taken_at, raw={**picture.raw, **outcome.raw})
        return replace(picture, checkout=seen)

    async def _payment(self, subject: Subject) -> Picture | None:
        taken_at = now()
        read = await reading.read_payment(self.client, subject.ref)
        if read is None:
            return None
        intent, payment = read
        picture = self._picture(subject, taken_at, intent, {"payment_intent": intent.to_dict(for_json=True)})
        return replace(picture, payments=(payment,))

    def _picture(self, subject: Subject, taken_at: datetime, thing: Any, raw: Mapping[str, Any]) -> Picture:
        return Picture(
            provider=self.name,
            account=self.account,
            is_live=thing.livemode,
            subject=subject,
            taken_at=taken_at,
            customer=ref_of(thing.customer),
            raw=raw,
        )


def configured() -> StripeProvider | None:
    """None: no key, in production. The sandbox without a key speaks to the simulator of the house."""
    settings, house = load(StripeSettings), load(House)
    key = settings.secret_key.get_secret_value()
    secrets = [each.strip() for each in settings.webhook_secrets.get_secret_value().split(",")]
    if not key and not house.is_sandbox:
        return None
    url = settings.url or (STRIPE if key else f"http://127.0.0.1:{house.port}/sandbox/stripe")
    return StripeProvider(
        secret_key=key or "sk_test_sandbox",
        webhook_secrets=secrets if key else ["whsec_sandbox"],
        account=settings.account or ("" if key else "acct_sandbox"),
        url=url,
        api_version=settings.api_version,
        price_refs=settings.prices,
        timeout=settings.timeout,
    )
