from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Table, TenantRecord
from verf.kit import now


class UsageWindow(TenantRecord):
    """How much of a quota is used in one stretch of time, half-open; `reserved` is held by what is still under way."""

    __tablename__ = "usage_windows"
    __table_args__ = (
        UniqueConstraint("organisation_id", "product", "feature", "starts_at"),
        CheckConstraint("used >= 0 AND reserved >= 0", name="not_negative"),
        CheckConstraint("starts_at < ends_at", name="has_a_length"),
    )
    room = "billing"

    product: Mapped[str]
    feature: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    used: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)
    # The highest percentage that was told of, so that each is told once.
    told: Mapped[int] = mapped_column(default=0)


class UsageEvent(TenantRecord):
    """Something used, once per key. Counts in `window_id`, which for a late event is not the window it happened in.

    No foreign key to the window: it would lock, for every event, the row that all of them count in.
    """

    __tablename__ = "usage_events"
    __table_args__ = (
        UniqueConstraint("organisation_id", "product", "feature", "key"),
        Index(None, "window_id"),
        Index(None, "received_at"),
        CheckConstraint("amount > 0", name="amount"),
    )
    room = "billing"

    product: Mapped[str]
    feature: Mapped[str]
    key: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    window_id: Mapped[UUID]
    is_adjustment: Mapped[bool] = mapped_column(default=False)
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=now)


class UsageHold(TenantRecord):
    """Kept free for work under way, until it is settled, released, or its time is over."""

    __tablename__ = "usage_holds"
    __table_args__ = (
        UniqueConstraint("organisation_id", "product", "feature", "key"),
        Index("ix_usage_holds_due", "expires_at", postgresql_where=text("state = 'held'")),
        CheckConstraint("amount > 0", name="amount"),
    )
    room = "billing"

    product: Mapped[str]
    feature: Mapped[str]
    key: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    window_id: Mapped[UUID]
    # held, settled, released, expired
    state: Mapped[str] = mapped_column(default="held")
    settled: Mapped[int | None] = mapped_column(BigInteger)
    held_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class OverrideRow(TenantRecord):
    """Staff's word about one feature, above all grants."""

    __tablename__ = "overrides"
    __table_args__ = (UniqueConstraint("organisation_id", "product", "feature"),)
    room = "billing"

    product: Mapped[str]
    feature: Mapped[str]
    is_allowed: Mapped[bool]
    # None: no other limit than the plan's.
    amount: Mapped[int | None] = mapped_column(BigInteger)
    because: Mapped[str]
    until: Mapped[datetime | None]
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime] = mapped_column(default=now)


class TrialClaim(Table):
    """That somebody has tried a product: keyed hashes, which stay when the person has gone and name nobody."""

    __tablename__ = "trial_claims"
    __table_args__ = (PrimaryKeyConstraint("product", "kind", "hash"),)
    room = "billing"

    product: Mapped[str]
    # account, mail; later telegram, oauth, card
    kind: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    organisation_id: Mapped[UUID]
    claimed_at: Mapped[datetime] = mapped_column(default=now)
