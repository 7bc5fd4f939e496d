from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord
from verf.kit import now


class Payment(TenantRecord):
    """One try to get money. Never goes from paid to failed; what goes back is a refund or a dispute."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("provider", "account", "is_live", "ref"),
        # Our own engine writes the row before it asks the provider.
        UniqueConstraint("attempt_key"),
        Index(None, "organisation_id", "occurred_at"),
        Index(None, "subscription_id"),
        Index(None, "state", "created_at", postgresql_where=text("state = 'pending'")),
        CheckConstraint("refunded >= 0 AND refunded <= amount", name="refunded"),
    )
    room = "billing"

    product: Mapped[str]
    subscription_id: Mapped[UUID | None]
    intent_id: Mapped[UUID | None]
    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    ref: Mapped[str | None]
    attempt_key: Mapped[str | None]
    kind: Mapped[str]
    state: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger, default=0)
    fee: Mapped[int] = mapped_column(BigInteger, default=0)
    # Done or under way, so that two refunds together never exceed the payment.
    refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    # Taken from the customer's credit besides the amount; below zero: what was owed and paid along, or left over.
    credit: Mapped[int] = mapped_column(BigInteger, default=0)
    # A change of plan that left something over: what earlier payments put into it, and how much of each became credit.
    put_in: Mapped[int] = mapped_column(BigInteger, default=0)
    turned_into: Mapped[UUID | None]
    credited: Mapped[int] = mapped_column(BigInteger, default=0)
    price_id: Mapped[UUID | None] = mapped_column(ForeignKey("billing.prices.id"))
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]
    occurred_at: Mapped[datetime]
    failure_code: Mapped[str] = mapped_column(default="")
    failure_is_hard: Mapped[bool] = mapped_column(default=False)
    method_title: Mapped[str] = mapped_column(default="")
    number: Mapped[str] = mapped_column(default="")
    invoice_url: Mapped[str] = mapped_column(default="")
    receipt_url: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)


class Refund(TenantRecord):
    """Money on its way back. Asked for by staff (key) or seen at the provider (ref), in the end both."""

    __tablename__ = "refunds"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "payment_id"],
            ["billing.payments.organisation_id", "billing.payments.id"],
            name="fk_refunds_payment",
        ),
        UniqueConstraint("provider", "account", "is_live", "ref"),
        UniqueConstraint("key"),
        Index(None, "payment_id"),
        CheckConstraint("amount > 0", name="amount"),
    )
    room = "billing"

    payment_id: Mapped[UUID]
    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    ref: Mapped[str | None]
    key: Mapped[str | None]
    state: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Dispute(TenantRecord):
    __tablename__ = "disputes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "payment_id"],
            ["billing.payments.organisation_id", "billing.payments.id"],
            name="fk_disputes_payment",
        ),
        UniqueConstraint("provider", "account", "is_live", "ref"),
    )
    room = "billing"

    payment_id: Mapped[UUID]
    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    ref: Mapped[str]
    state: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(default="")
    occurred_at: Mapped[datetime]
    # A warning that no chargeback has followed for so long that access waits no more.
    hold_ended_at: Mapped[datetime | None]


class LedgerTransaction(TenantRecord):
    """Something that happened to money, once: unique by what it was at the provider. Never changed."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        UniqueConstraint("provider", "account", "is_live", "kind", "ref"),
        Index(None, "organisation_id", "occurred_at"),
        Index(None, "occurred_at"),
        Index(None, "recorded_at"),
    )
    room = "billing"

    product: Mapped[str]
    # One of those that the ledger names.
    kind: Mapped[str]
    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    ref: Mapped[str]
    payment_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=now)


class LedgerEntry(TenantRecord):
    """One side of it. Debits are positive; the entries of a transaction sum to zero in each currency."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "transaction_id"],
            ["billing.ledger_transactions.organisation_id", "billing.ledger_transactions.id"],
            name="fk_ledger_entries_transaction",
        ),
        Index(None, "transaction_id"),
        CheckConstraint("amount <> 0", name="amount"),
    )
    room = "billing"

    transaction_id: Mapped[UUID]
    ledger: Mapped[str]  # cash:stripe, revenue:stock, tax, fees, disputed, credit
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
