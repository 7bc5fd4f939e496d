"""The one interface behind which all money providers stand. A fifth is an adapter and a green conformance suite."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from verf.billing.providers.events import Event
from verf.billing.providers.orders import Charge, Opened, Order, Preview, PriceTag, Usage
from verf.billing.providers.pictures import Payment, Picture, Refund, Subject
from verf.billing.states import Engine
from verf.kit import Money, smallest_charge


@dataclass(frozen=True, kw_only=True)
class Abilities:
    engine: Engine
    currencies: frozenset[str]
    # The provider knows prices of its own, which must be made there first.
    has_prices: bool = False
    can_save_methods: bool = False
    can_prorate: bool = False
    can_pause: bool = False
    has_portal: bool = False
    has_trials: bool = False
    has_disputes: bool = False
    # An open dispute is a warning, that a chargeback may follow or nothing at all.
    warns_of_disputes: bool = False
    can_meter: bool = False
    # The next charge can be moved, without anything charged or credited for it.
    can_put_off: bool = False
    # close_checkout works on a page nobody has paid yet; else that page lives until it expires by itself.
    can_close_checkouts: bool = True
    # It asks before it charges and wants its answer within these seconds.
    asks_first: bool = False
    # The smallest sum of a page in minor units, by currency, where that is more than the smallest charge of a card.
    smallest: Mapping[str, int] = field(default_factory=dict)
    # Webhooks carry no signature: the GET is the only proof.
    signs: bool = True

    def smallest_order(self, currency: str) -> Money:
        return max(smallest_charge(currency), Money(self.smallest.get(currency, 0), currency))


class Provider(Protocol):
    """Errors: ProviderUnreachable (try again with the same key), ProviderRefused (it said no), NotAble.

    No call is made inside a transaction. Every POST carries the order's, charge's or caller's key as idempotency key
    where the provider has such a thing. Amounts cross in minor units (C5); times are UTC.
    """

    name: str
    title: str
    account: str
    is_live: bool
    abilities: Abilities

    async def verify(self, headers: Mapping[str, str], body: bytes, *, sender: str) -> Event:
        """The event of an authentic webhook, or Forged, Stale, Malformed. Header names in lower case.

        `sender` is the network address it came from, as far as we trust our proxies.
        """
        ...

    async def locate(self, event: Event) -> Subject | None:
        """The root object of an event whose body names only a part of it (a charge, a refund, a dispute)."""
        ...

    async def fetch(self, subject: Subject) -> Picture | None:
        """Read the object and all that belongs to it. None: the provider does not know it."""
        ...

    def list_changes(self, since: datetime) -> AsyncIterator[Subject]:
        """Root objects that changed since then, oldest first, each perhaps several times: for lost webhooks."""
        ...

    def list_payments(self, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        """Every payment of the account made in [since, until), with its refunds: for the nightly reconciliation."""
        ...

    async def publish_price(self, price: PriceTag) -> str:
        """The provider's id of this price, made there if need be; the same id however often it is asked for."""
        ...

    async def open_checkout(self, order: Order) -> Opened: ...

    async def close_checkout(self, ref: str) -> None:
        """Make sure that it cannot be paid any more. Refused when it has been paid."""
        ...

    async def portal(self, customer: str, return_url: str, *, only: str = "") -> str:
        """Its own page for cards and addresses. `only` names the subscription it must not lead beyond, for a customer
        that several organisations share; where a customer belongs to one organisation it says nothing new."""
        ...

    async def preview_change(self, subscription: str, price: PriceTag) -> Preview: ...

    async def change_plan(
        self, subscription: str, price: PriceTag, *, when: Literal["now", "period_end"], key: str, token: str = ""
    ) -> None:
        """Now: charges the difference, and an unpaid difference leaves the plan as it was."""
        ...

    async def cancel(self, subscription: str, *, when: Literal["now", "period_end"], key: str) -> None: ...

    async def resume(self, subscription: str, *, key: str) -> None:
        """Take back a cancellation at period end, or end a pause."""
        ...

    async def put_off(self, subscription: str, *, until: datetime, key: str) -> None:
        """The period that runs ends then, and the next charge is made then: later, or sooner again.

        A plan that is to come with the next period comes then, too.
        """
        ...

    async def pause(self, subscription: str, *, key: str) -> None: ...

    async def charge(self, charge: Charge) -> Payment: ...

    async def refund(self, payment: str, money: Money, *, key: str, reason: str, email: str = "") -> Refund: ...

    async def report_usage(self, usage: Usage) -> None: ...
