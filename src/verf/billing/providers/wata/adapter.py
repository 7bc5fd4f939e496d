"""Wata: payment links for prepaid periods. No customers, no saved methods, no subscriptions."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from verf.billing.providers.calls import reading
from verf.billing.providers.events import Event, Forged, ProviderRefused
from verf.billing.providers.orders import Opened, Order
from verf.billing.providers.pictures import Payment, Picture, Refund, Subject
from verf.billing.providers.provider import Abilities
from verf.billing.providers.readings import forget_oldest, moment, written
from verf.billing.providers.unable import Unable
from verf.billing.providers.wata.answers import (
    checkout_of,
    is_refund,
    link_is_open,
    money_of,
    payment_of,
    payments_of,
    time_of,
)
from verf.billing.providers.wata.keys import Keyring
from verf.billing.providers.wata.notifications import read
from verf.billing.providers.wata.refunds import Refunds
from verf.billing.providers.wata.settings import WataSettings
from verf.billing.providers.wata.wire import TITLE, Wire, number
from verf.billing.states import Engine, PaymentState
from verf.kit import Money, now
from verf.web import _

# Wata wants more than ten minutes, and at most thirty days.
SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(days=30) - timedelta(minutes=1)
# A transaction found by its making may have been paid or declined as long after.
STILL_MOVES = timedelta(hours=1)
LONGEST_TITLE = 128
REMEMBERED = 10_000
# 10 to 999,999.99 roubles, as Wata's reference has it; from 1 of the others.
SMALLEST = {"RUB": 10_00, "USD": 1_00, "EUR": 1_00}


class Wata(Unable):
    """The business object is our own order: a link may see several attempts, and its id is gone once it has expired.

    A checkout is therefore known by the order's id as well.
    """

    name = "wata"
    title = TITLE

    def __init__(self, settings: WataSettings) -> None:
        self.account = settings.terminal
        self.is_live = settings.is_live
        self.abilities = Abilities(
            engine=Engine.OWN,
            currencies=frozenset(filter(None, settings.currencies.replace(" ", "").split(","))),
            asks_first=True,
            smallest=SMALLEST,
        )
        self._wire = Wire(settings)
        self._keys = Keyring(self._wire)
        self._refunds = Refunds(self._wire)
        self._opened: dict[UUID, Opened] = {}

    def __repr__(self) -> str:
        return f"Wata(terminal {self.account})"

    async def verify(self, headers: Mapping[str, str], body: bytes, *, sender: str) -> Event:
        """Nothing in it is signed with a time, and Wata repeats for 32 hours: an old one is a hint like any other."""
        signature = headers.get("x-signature", "")
        if not signature:
            raise Forged("no signature")
        await self._keys.check(signature, body)
        return read(body, is_live=self.is_live)

    async def locate(self, event: Event) -> Subject | None:
        return event.subject

    async def fetch(self, subject: Subject) -> Picture | None:
        """Wata lets us ask for one order once in 30 seconds, so the link is asked for only while nothing is paid."""
        taken_at = now()
        order = await self._order_of(subject)
        if order is None:
            return None
        seen = [each async for each in self._wire.transactions(orderId=order) if each.get("orderId") == order]
        payments = reading(TITLE, payments_of, seen)
        is_paid = any(payment.state is PaymentState.PAID for payment in payments)
        links = [] if is_paid else await self._wire.links(order)
        if not payments and not links:
            return None
        return Picture(
            provider=self.name,
            account=self.account,
            is_live=self.is_live,
            subject=Subject("order", order),
            taken_at=taken_at,
            checkout=reading(TITLE, lambda found: checkout_of(order, payments, found, taken_at), links),
            payments=payments,
            raw={"transactions": seen, "links": links},
        )

    async def list_changes(self, since: datetime) -> AsyncIterator[Subject]:
        moved: dict[str, datetime] = {}
        async for seen in self._wire.transactions(creationTimeFrom=written(since - STILL_MOVES)):
            if seen.get("orderId"):
                moved[seen["orderId"]] = max(time_of(seen), moved.get(seen["orderId"], time_of(seen)))
        for order in sorted(moved, key=lambda order: (moved[order], order)):
            yield Subject("order", order)

    async def list_payments(self, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """A refund may have been made after the window: all since its beginning are read."""
        made: list[dict[str, Any]] = []
        refunds: dict[str, list[dict[str, Any]]] = defaultdict(list)
        async for seen in self._wire.transactions(creationTimeFrom=written(since)):
            if is_refund(seen):
                refunds[seen.get("originalTransactionId") or ""].append(seen)
            elif reading(TITLE, lambda found: moment(found["creationTime"]), seen) < until:
                made.append(seen)
        for each in made:
            yield reading(TITLE, lambda found: payment_of(found, refunds[found["id"]]), each)

    async def open_checkout(self, order: Order) -> Opened:
        """There is no idempotency key: a link that an earlier try has made is looked for before another is made.

        Two links for one order would still be paid once: Wata asks us first, and an order is payable once.
        """
        self._must_be_able(order)
        at = now()
        remembered = self._opened.get(order.id)
        if remembered and remembered.expires_at > at:
            return remembered
        found = await self._wire.links(str(order.id))
        links = reading(TITLE, lambda links: [link for link in links if link_is_open(link, at)], found)
        if found and not links:
            raise ProviderRefused(_("This checkout is over. Start a new one."), provider_code="checkout-over")
        link = links[0] if links else await self._wire.post("links", body=_link_body(order, at))
        opened = reading(TITLE, lambda link: _opened(link, order), link)
        self._opened[order.id] = opened
        forget_oldest(self._opened, REMEMBERED)
        return opened

    async def close_checkout(self, ref: str) -> None:
        """Wata has no call for it and needs none: its question before the charge is answered no once we have closed."""
        async for seen in self._wire.transactions(orderId=ref):
            if seen.get("status") == "Paid" and not is_refund(seen):
                raise ProviderRefused(_("This order has been paid."), provider_code="paid")

    async def refund(self, payment: str, money: Money, *, key: str, reason: str, email: str = "") -> Refund:
        return await self._refunds.make(payment, money, key)

    async def _order_of(self, subject: Subject) -> str | None:
        if subject.kind in ("order", "checkout"):
            return subject.ref
        if subject.kind != "payment":
            return None
        seen = await self._wire.get("transactions", subject.ref)
        return (seen or {}).get("orderId") or None


def _link_body(order: Order, at: datetime) -> dict[str, Any]:
    ends = min(max(order.expires_at, at + SHORTEST), at + LONGEST)
    title = order.price.title if order.quantity == 1 else f"{order.price.title} × {order.quantity}"
    return {
        "type": "OneTime",
        "amount": number(order.money),
        "currency": order.money.currency,
        "orderId": str(order.id),
        "description": title[:LONGEST_TITLE],
        "successRedirectUrl": order.return_url,
        "failRedirectUrl": order.return_url,
        "expirationDateTime": written(ends),
    }


def _opened(link: Mapping[str, Any], order: Order) -> Opened:
    if money_of(link) != order.money:
        raise ProviderRefused(_("This checkout is over. Start a new one."), provider_code="amount-differs")
    return Opened(ref=str(order.id), url=link["url"], expires_at=moment(link["expirationDateTime"]))
