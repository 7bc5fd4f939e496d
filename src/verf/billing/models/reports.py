from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord
from verf.kit import now


class UsageReport(TenantRecord):
    """Units of a window told to a provider: those from `from_used` up to `to_used`. Its id is the key of the report.

    Each report begins where the one before ended, and none can begin there twice.
    """

    __tablename__ = "usage_reports"
    __table_args__ = (
        UniqueConstraint("window_id", "from_used"),
        ForeignKeyConstraint(
            ["organisation_id", "subscription_id"],
            ["billing.subscriptions.organisation_id", "billing.subscriptions.id"],
            name="fk_usage_reports_subscription",
        ),
        Index("ix_usage_reports_due", "organisation_id", "product", postgresql_where=text("state = 'new'")),
        CheckConstraint("0 <= from_used AND from_used < to_used", name="has_units"),
    )
    room = "billing"

    subscription_id: Mapped[UUID]
    window_id: Mapped[UUID]
    product: Mapped[str]
    feature: Mapped[str]
    provider: Mapped[str]
    customer: Mapped[str]
    meter: Mapped[str]
    from_used: Mapped[int] = mapped_column(BigInteger)
    to_used: Mapped[int] = mapped_column(BigInteger)
    # When it was used, as the provider is told.
    used_at: Mapped[datetime]
    # new, sent, refused, unknown
    state: Mapped[str] = mapped_column(default="new")
    made_at: Mapped[datetime] = mapped_column(default=now)
    tried_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
