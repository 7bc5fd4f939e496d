"""A provider that can nothing yet: adapters say what theirs can."""

from datetime import datetime
from typing import Literal, NoReturn

from verf.billing.providers.events import NotAble
from verf.billing.providers.orders import Charge, Order, Preview, PriceTag, Usage
from verf.billing.providers.pictures import Payment
from verf.billing.providers.provider import Abilities
from verf.kit import Money
from verf.web import _


class Unable:
    """Where the calendar is ours (engine own), plans change, end and pause in verf and no provider hears of it."""

    title: str
    abilities: Abilities

    async def publish_price(self, price: PriceTag) -> str:
        self._refuse()

    async def portal(self, customer: str, return_url: str, *, only: str = "") -> str:
        self._refuse()

    async def preview_change(self, subscription: str, price: PriceTag) -> Preview:
        self._refuse()

    async def change_plan(
        self, subscription: str, price: PriceTag, *, when: Literal["now", "period_end"], key: str, token: str = ""
    ) -> None:
        self._refuse()

    async def cancel(self, subscription: str, *, when: Literal["now", "period_end"], key: str) -> None:
        self._refuse()

    async def resume(self, subscription: str, *, key: str) -> None:
        self._refuse()

    async def put_off(self, subscription: str, *, until: datetime, key: str) -> None:
        self._refuse()

    async def pause(self, subscription: str, *, key: str) -> None:
        self._refuse()

    async def charge(self, charge: Charge) -> Payment:
        self._refuse()

    async def report_usage(self, usage: Usage) -> None:
        self._refuse()

    def _must_be_able(self, order: Order | Charge) -> None:
        """Before anything is sent: what the abilities deny is refused here and not by the provider."""
        must_take(self.title, self.abilities, order.money)
        if isinstance(order, Order) and order.trial is not None and not self.abilities.has_trials:
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotAble(_("%(provider)s has no such operation.", provider=self.title), provider_code="not-able")


def must_take(title: str, abilities: Abilities, money: Money) -> None:
    """Before anything is sent: a currency that the provider does not take."""
    if money.currency not in abilities.currencies:
        words = _("%(provider)s takes no %(currency)s.", provider=title, currency=money.currency)
        raise NotAble(words, provider_code="currency")
