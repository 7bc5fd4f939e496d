from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord
from verf.kit import now

LIVE = text("state NOT IN ('incomplete', 'ended') AND duplicate_of IS NULL")


class Customer(TenantRecord):
    """An organisation, as a provider knows it."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("organisation_id", "provider", "account", "is_live"),
        UniqueConstraint("provider", "account", "is_live", "ref"),
    )
    room = "billing"

    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    ref: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class CheckoutIntent(TenantRecord):
    """What somebody set out to buy. Its id is the order id at every provider."""

    __tablename__ = "checkout_intents"
    __table_args__ = (
        Index(
            "uq_checkout_intents_one_open",
            "organisation_id",
            "product",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index(None, "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
        UniqueConstraint("provider", "account", "is_live", "ref"),
        CheckConstraint("amount >= 0", name="amount"),
    )
    room = "billing"

    person_id: Mapped[UUID]
    email: Mapped[str]
    product: Mapped[str]
    price_id: Mapped[UUID] = mapped_column(ForeignKey("billing.prices.id"))
    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    currency: Mapped[str]
    # What the first payment takes, after the discount and what is on account.
    amount: Mapped[int] = mapped_column(BigInteger)
    # Taken from the customer's account besides the amount; below zero: what was owed and is paid along.
    credit: Mapped[int] = mapped_column(BigInteger, default=0)
    quantity: Mapped[int] = mapped_column(default=1)
    trial_days: Mapped[int] = mapped_column(default=0)
    promo_code: Mapped[str] = mapped_column(default="")
    # The subscription whose change of plan this pays for; None when it buys time.
    change_of: Mapped[UUID | None]
    locale: Mapped[str] = mapped_column(default="en")
    # What was agreed to before paying: the version of the terms, the sentence as it was read, and when.
    terms_version: Mapped[str] = mapped_column(default="")
    terms_words: Mapped[str] = mapped_column(default="")
    terms_accepted_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="open")
    ref: Mapped[str | None]
    url: Mapped[str] = mapped_column(default="")
    failure: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime]
    next_check_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]


class Subscription(TenantRecord):
    """A paid relation to one product. States and arrows are in machine.py; ended is for ever."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("provider", "account", "is_live", "ref"),
        Index("uq_subscriptions_one_live", "organisation_id", "product", unique=True, postgresql_where=LIVE),
        Index(None, "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
        Index(None, "next_charge_at", postgresql_where=text("next_charge_at IS NOT NULL")),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_has_a_time"),
        CheckConstraint("quantity > 0", name="quantity"),
    )
    room = "billing"

    product: Mapped[str]
    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    # The provider's id; of our own engine, the intent's.
    ref: Mapped[str]
    engine: Mapped[str]
    state: Mapped[str]
    plan_version_id: Mapped[UUID] = mapped_column(ForeignKey("billing.plan_versions.id"))
    # None: a trial of a plan, before anybody chose how to pay.
    price_id: Mapped[UUID | None] = mapped_column(ForeignKey("billing.prices.id"))
    pending_price_id: Mapped[UUID | None] = mapped_column(ForeignKey("billing.prices.id"))
    # The pending price, while its provider is asked for what lets go of it: to be said again should we die meanwhile.
    kept_price_id: Mapped[UUID | None] = mapped_column(ForeignKey("billing.prices.id"))
    # Its provider is being asked for a change; forgotten after a while, should whoever asked have died.
    changing_since: Mapped[datetime | None]
    currency: Mapped[str] = mapped_column(default="")
    quantity: Mapped[int] = mapped_column(default=1)
    intent_id: Mapped[UUID | None]
    customer: Mapped[str] = mapped_column(default="")
    method_id: Mapped[UUID | None]
    # Of our own engine: boundaries are functions of the anchor and this number, never of the boundary before.
    anchor_at: Mapped[datetime]
    zone: Mapped[str] = mapped_column(default="UTC")
    period_index: Mapped[int] = mapped_column(default=0)
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]
    trial_end: Mapped[datetime | None]
    # The end that the running period was given for days that nobody pays for; long past, it means nothing.
    put_off_until: Mapped[datetime | None]
    # Until when money has come in; what a provider calls its period says nothing of that.
    paid_until: Mapped[datetime | None]
    cancel_at: Mapped[datetime | None]
    # "period_end" or "now": cancelled by the customer, and its provider has not confirmed it yet.
    leaving: Mapped[str] = mapped_column(default="")
    cancel_reason: Mapped[str] = mapped_column(default="")
    paused_at: Mapped[datetime | None]
    access_hold: Mapped[str] = mapped_column(default="")
    duplicate_of: Mapped[UUID | None]
    past_due_since: Mapped[datetime | None]
    dunning_step: Mapped[int] = mapped_column(default=0)
    next_charge_at: Mapped[datetime | None]
    next_check_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="")
    # Of our own engine: the code that lowers each period which begins before then.
    promo_id: Mapped[UUID | None] = mapped_column(ForeignKey("billing.promo_codes.id"))
    promo_until: Mapped[datetime | None]
    snapshot_at: Mapped[datetime | None]
    snapshot: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SubscriptionEvent(TenantRecord):
    """Append-only: what happened to a subscription, and because of what."""

    __tablename__ = "subscription_log"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "subscription_id"],
            ["billing.subscriptions.organisation_id", "billing.subscriptions.id"],
            name="fk_subscription_log_subscription",
        ),
        Index(None, "subscription_id", "id"),
        Index(None, "at"),
    )
    room = "billing"

    subscription_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(default=now)
    cause: Mapped[str]
    cause_ref: Mapped[str] = mapped_column(default="")
    from_state: Mapped[str] = mapped_column(default="")
    to_state: Mapped[str]
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)


class PaymentMethod(TenantRecord):
    """A way to pay kept by the provider; `fingerprint` is a keyed hash."""

    __tablename__ = "payment_methods"
    __table_args__ = (UniqueConstraint("organisation_id", "provider", "account", "is_live", "ref"),)
    room = "billing"

    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    ref: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    expires: Mapped[str] = mapped_column(default="")
    fingerprint: Mapped[str] = mapped_column(default="")
    can_charge_again: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    removed_at: Mapped[datetime | None]


class Grant(TenantRecord):
    """Access, and the only place it is read from. Gives a plan version, or one feature."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint("source", "source_ref", "plan_version_id", "feature", postgresql_nulls_not_distinct=True),
        Index(None, "organisation_id", "product", "ends_at"),
        CheckConstraint("ends_at IS NULL OR starts_at < ends_at", name="has_a_length"),
        CheckConstraint("(plan_version_id IS NULL) <> (feature = '')", name="plan_or_feature"),
    )
    room = "billing"

    product: Mapped[str]
    source: Mapped[str]  # payment, trial, promo, referral, staff
    source_ref: Mapped[str]
    plan_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("billing.plan_versions.id"))
    feature: Mapped[str] = mapped_column(default="")
    amount: Mapped[int | None] = mapped_column(BigInteger)
    subscription_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    # Access goes on until here while the next payment is on its way.
    grace_until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_because: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
