from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord
from verf.kit import now


class PaidPeriod(TenantRecord):
    """Time of a subscription that a payment has bought, half-open. No two of one subscription overlap, ever.

    `follows` is the end of the period before, where this one begins without a gap; None for the first, and after a
    pause. A change of plan that begins a calendar of its own cuts the period that ran at that moment.
    """

    __tablename__ = "paid_periods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "subscription_id"],
            ["billing.subscriptions.organisation_id", "billing.subscriptions.id"],
            name="fk_paid_periods_subscription",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "payment_id"],
            ["billing.payments.organisation_id", "billing.payments.id"],
            name="fk_paid_periods_payment",
        ),
        ForeignKeyConstraint(
            ["subscription_id", "follows"],
            ["billing.paid_periods.subscription_id", "billing.paid_periods.ends_at"],
            name="fk_paid_periods_follows",
        ),
        UniqueConstraint("payment_id"),
        UniqueConstraint("subscription_id", "ends_at"),
        CheckConstraint("starts_at < ends_at", name="has_a_length"),
        CheckConstraint("follows IS NULL OR follows = starts_at", name="contiguous"),
        ExcludeConstraint(
            (text("subscription_id"), "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            name="ex_paid_periods_never_overlap",
            using="gist",
        ),
    )
    room = "billing"

    subscription_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    follows: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
