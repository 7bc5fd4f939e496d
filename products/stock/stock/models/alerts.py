from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord


class AlertRule(TenantRecord):
    """Tell us when a product has less than `threshold` of `measure` (days or quantity); without a product, any."""

    __tablename__ = "alert_rules"
    room = "stock"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "product_id"],
            ["stock.products.organisation_id", "stock.products.id"],
            ondelete="CASCADE",
        ),
        Index("ix_alert_rules_organisation_id_created_at", "organisation_id", "created_at"),
    )

    measure: Mapped[str]
    threshold: Mapped[int]
    product_id: Mapped[UUID | None]
    is_on: Mapped[bool]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


class Alert(TenantRecord):
    """A product went under a rule's threshold, and perhaps came back."""

    __tablename__ = "alerts"
    room = "stock"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "rule_id"],
            ["stock.alert_rules.organisation_id", "stock.alert_rules.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "product_id"],
            ["stock.products.organisation_id", "stock.products.id"],
            ondelete="CASCADE",
        ),
        Index(
            "uq_alerts_open",
            "organisation_id",
            "rule_id",
            "product_id",
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
        Index("ix_alerts_organisation_id_raised_at", "organisation_id", "raised_at"),
    )

    rule_id: Mapped[UUID]
    product_id: Mapped[UUID]
    run_id: Mapped[UUID]
    value: Mapped[float] = mapped_column(Float)
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
