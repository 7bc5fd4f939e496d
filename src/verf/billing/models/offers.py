from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record, Table, TenantRecord
from verf.kit import now


class PromoCode(Record):
    """`redeemed` counts what is reserved and what is used: the check on it is the last guard."""

    __tablename__ = "promo_codes"
    __table_args__ = (
        Index("uq_promo_codes_code", text("upper(code)"), unique=True),
        CheckConstraint("max_redemptions IS NULL OR redeemed <= max_redemptions", name="not_over_redeemed"),
        CheckConstraint("value > 0 AND (kind <> 'percent' OR value < 100)", name="value"),
        CheckConstraint("redeemed >= 0", name="redeemed"),
        CheckConstraint("months BETWEEN 1 AND 36 AND (kind <> 'days' OR months = 1)", name="months"),
    )
    room = "billing"

    code: Mapped[str]
    # Empty: any product.
    product: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]  # percent, amount, days
    # Percent, minor units of the currency, or days.
    value: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(default="")
    # Payments whose period begins within so many months of the first are lowered.
    months: Mapped[int] = mapped_column(default=1)
    # Plans it is for, by name; empty for all. Days are given of the first, or of the product's trial plan.
    plans: Mapped[list[str]] = mapped_column(default=list)
    max_redemptions: Mapped[int | None]
    redeemed: Mapped[int] = mapped_column(default=0)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    disabled_at: Mapped[datetime | None]


class PromoRedemption(TenantRecord):
    """A code in the hands of a customer: reserved with a checkout, applied when paid, released when not."""

    __tablename__ = "promo_redemptions"
    __table_args__ = (
        Index(
            "uq_promo_redemptions_once",
            "promo_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("state <> 'released'"),
        ),
        Index(None, "intent_id"),
    )
    room = "billing"

    promo_id: Mapped[UUID] = mapped_column(ForeignKey("billing.promo_codes.id"))
    intent_id: Mapped[UUID | None]
    state: Mapped[str]  # reserved, applied, released
    created_at: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]


class PromoClaim(Table):
    """That a person holds a redemption of a code: keyed hashes, which name nobody. Gone when it is released."""

    __tablename__ = "promo_claims"
    __table_args__ = (PrimaryKeyConstraint("promo_id", "kind", "hash"), Index(None, "redemption_id"))
    room = "billing"

    promo_id: Mapped[UUID] = mapped_column(ForeignKey("billing.promo_codes.id"))
    kind: Mapped[str]  # account, mail, card
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    redemption_id: Mapped[UUID]
    claimed_at: Mapped[datetime] = mapped_column(default=now)


class ReferralCode(TenantRecord):
    """The link an organisation gives to its friends."""

    __tablename__ = "referral_codes"
    __table_args__ = (UniqueConstraint("code"), UniqueConstraint("organisation_id"))
    room = "billing"

    code: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Referral(Record):
    """Who brought whom. An organisation is brought once; the reward waits until the money cannot go back any more."""

    __tablename__ = "referrals"
    __table_args__ = (
        UniqueConstraint("invited"),
        Index(None, "inviter", "rewarded_at"),
        Index(None, "due_at", postgresql_where=text("state = 'qualified'")),
        CheckConstraint("inviter <> invited", name="not_oneself"),
    )
    room = "billing"

    inviter: Mapped[UUID]
    invited: Mapped[UUID]
    product: Mapped[str] = mapped_column(default="")
    state: Mapped[str]  # signed_up, qualified, rewarded, rejected, clawed_back
    reason: Mapped[str] = mapped_column(default="")
    payment_id: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    rewarded_at: Mapped[datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)
