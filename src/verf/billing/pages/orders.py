"""What stands on the checkout page before it is paid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from verf.billing.consent import sentence
from verf.billing.for_sale import offered
from verf.billing.periods import Calendar
from verf.billing.price_list import PlanOffered, PriceList, PriceOffered, price_list, selling
from verf.billing.promo_quotes import Quote
from verf.billing.providers.orders import PriceTag
from verf.billing.providers.provider import Provider
from verf.billing.states import Engine
from verf.errors import NotFound
from verf.kit import Money, now
from verf.web import _


class PriceUnknown(NotFound):
    """This price is not on the list, or not any more."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """`quote`: what a promo code makes of it; `code` as it was typed, whether or not it holds.

    `on_account`: the part that the customer's account pays; below zero is what they owe, and pay along.
    """

    prices: PriceList
    plan: PlanOffered
    price: PriceOffered
    source: Provider
    sources: Sequence[Provider]
    at: datetime
    code: str = ""
    quote: Quote | None = None
    on_account: Money | None = None

    @property
    def tag(self) -> PriceTag:
        return PriceTag(
            key=self.price.key,
            title=self.plan.title,
            product=self.prices.product,
            plan=self.plan.plan,
            money=self.price.money,
            interval=self.price.interval,
            interval_count=self.price.interval_count,
        )

    @property
    def lowered(self) -> Money:
        """The price, with the code."""
        return self.quote.due if self.quote else self.price.money

    @property
    def due(self) -> Money:
        return self.lowered - self.on_account if self.on_account else self.lowered

    @property
    def saved(self) -> Money:
        return self.price.money - self.lowered

    @property
    def agreement(self) -> str:
        """What the buyer agrees to by paying."""
        money = self.price.money if self.renews_itself else self.due
        return sentence(money, self.price.interval, renews_itself=self.renews_itself)

    @property
    def agreement_before_code(self) -> str:
        """What stood beside the box until the code was applied."""
        return replace(self, quote=None).agreement

    @property
    def renews_itself(self) -> bool:
        abilities = self.source.abilities
        return self.price.interval != "once" and (abilities.engine == Engine.MIRROR or abilities.can_save_methods)

    @property
    def next_on(self) -> datetime | None:
        if self.price.interval == "once":
            return None
        return Calendar(self.at, self.price.interval, self.price.interval_count).period(0).end

    @property
    def next_due(self) -> Money:
        """What the second payment takes."""
        if self.quote is None or self.next_on is None:
            return self.price.money
        is_lowered = self.next_on < Calendar(self.at, "month").boundary(self.quote.months)
        return self.quote.due if is_lowered else self.price.money


async def order_of(price: UUID, wanted: str = "", *, only: str = "", code: str = "") -> Order:
    """Through the provider that is wanted, if it takes this currency; through none but `only`, if that is said."""
    for product in selling():
        prices = await price_list(product)
        found = prices.find(price)
        if found:
            plan, offer = found
            sources = _sources(offer, only)
            source = next((each for each in sources if each.name == wanted), sources[0])
            return Order(
                prices=prices, plan=plan, price=offer, source=source, sources=sources, at=now(), code=code.strip()
            )
    raise PriceUnknown(_("This price is not offered any more. Please choose again."))


def _sources(price: PriceOffered, only: str) -> list[Provider]:
    able = [source for source in offered() if price.money.currency in source.abilities.currencies]
    able = [source for source in able if only in ("", source.name)]
    if not able:
        raise PriceUnknown(_("Nobody here takes %(currency)s.", currency=price.money.currency))
    return able
