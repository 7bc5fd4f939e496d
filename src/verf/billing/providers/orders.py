"""What we ask of a provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from verf.kit import Money

Interval = Literal["day", "week", "month", "year", "once"]


@dataclass(frozen=True, kw_only=True)
class Metered:
    """What each unit of a meter costs besides the price of a plan. "stock.pro.month.usd.v1.tokens"."""

    key: str
    title: str
    meter: str
    money: Money


@dataclass(frozen=True, kw_only=True)
class PriceTag:
    """A price of ours. `key` is stable and unique: "stock.pro.month.usd.v1"; `ref` the provider's id, once known."""

    key: str
    title: str  # what stands on the receipt: "Stock tracker Pro, a month"
    product: str
    plan: str
    money: Money
    interval: Interval
    interval_count: int = 1
    ref: str = ""
    # Where the provider can meter; the others charge the price alone.
    metered: tuple[Metered, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Discount:
    """Off the first payment, or off each for `months`; exactly one of percent and money."""

    code: str
    percent: int = 0
    money: Money | None = None
    months: int = 1


@dataclass(frozen=True, kw_only=True)
class Order:
    """`id` is the checkout intent's: it goes along as client reference, metadata and idempotency key.

    `money` is what the first payment takes after the discount; the provider must not charge another sum.
    """

    id: UUID
    organisation: UUID
    email: str
    price: PriceTag
    money: Money
    return_url: str
    expires_at: datetime
    locale: str = "en"
    customer: str = ""
    quantity: int = 1
    trial: timedelta | None = None
    discount: Discount | None = None
    save_method: bool = True


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A checkout page at the provider."""

    ref: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A payment without its payer present, by a saved method (own engine). Repeated with the same `key`, same bytes."""

    id: UUID
    key: str
    organisation: UUID
    email: str
    method: str
    money: Money
    title: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a change of plan would cost now. `token` goes back with the change, so that both use the same moment."""

    due_now: Money
    credit: Money
    next_payment: Money
    next_payment_at: datetime | None
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Units of a metered price; `key` makes it count once."""

    key: str
    customer: str
    meter: str
    amount: int
    at: datetime
