from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record
from verf.kit import now


class PlanVersion(Record):
    """What a plan gave at one time; never changed, for people have paid for it. A changed declaration is a new row."""

    __tablename__ = "plan_versions"
    __table_args__ = (UniqueConstraint("product", "plan", "version"), UniqueConstraint("product", "plan", "digest"))
    room = "billing"

    product: Mapped[str]
    plan: Mapped[str]
    version: Mapped[int]
    title: Mapped[str]
    # Higher is dearer: going up is an upgrade, and happens now.
    rank: Mapped[int]
    terms: Mapped[dict[str, Any]]
    digest: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(default=now)


class Price(Record):
    """One way to pay for a plan version; never changed but for whether it is still offered."""

    __tablename__ = "prices"
    __table_args__ = (UniqueConstraint("key"),)
    room = "billing"

    plan_version_id: Mapped[UUID] = mapped_column(ForeignKey("billing.plan_versions.id"))
    key: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    interval: Mapped[str]
    interval_count: Mapped[int] = mapped_column(default=1)
    is_offered: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class ProviderPrice(Record):
    """The name a provider has for a price of ours."""

    __tablename__ = "provider_prices"
    __table_args__ = (
        UniqueConstraint("provider", "account", "is_live", "price_id"),
        UniqueConstraint("provider", "account", "is_live", "ref"),
    )
    room = "billing"

    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    price_id: Mapped[UUID] = mapped_column(ForeignKey("billing.prices.id"))
    ref: Mapped[str]
