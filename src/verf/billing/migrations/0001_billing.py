"""Plans and prices, what was set out to buy, subscriptions, money, access, the inbox of webhooks.

The ledger and the log of subscriptions can be added to and read, never changed: by right, and by a trigger that binds
their owner too. A ledger transaction that does not sum to zero cannot be committed.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from verf.database.migrations import tenant_table

revision = "billing_0001"
down_revision = None
branch_labels = ("billing",)
depends_on = None

TENANT_TABLES = (
    "customers",
    "checkout_intents",
    "subscriptions",
    "subscription_log",
    "payment_methods",
    "grants",
    "payments",
    "refunds",
    "disputes",
    "ledger_transactions",
    "ledger_entries",
)
APPEND_ONLY = ("ledger_transactions", "ledger_entries", "subscription_log", "plan_versions")

REFUSE = """
CREATE FUNCTION billing.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'Rows of billing.% are never changed.', TG_TABLE_NAME; END $$
"""
KEEP_PRICE = """
CREATE FUNCTION billing.keep_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.plan_version_id, OLD.key, OLD.currency, OLD.amount, OLD.interval, OLD.interval_count)
        IS DISTINCT FROM (NEW.plan_version_id, NEW.key, NEW.currency, NEW.amount, NEW.interval, NEW.interval_count)
    THEN RAISE EXCEPTION 'A price is never changed: publish another.'; END IF;
    RETURN NEW;
END $$
"""
BALANCED = """
CREATE FUNCTION billing.balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM billing.ledger_entries WHERE transaction_id = NEW.transaction_id
               GROUP BY currency HAVING sum(amount) <> 0)
    THEN RAISE EXCEPTION 'Ledger transaction % does not sum to zero.', NEW.transaction_id; END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_customers_organisation_id_id")),
        sa.UniqueConstraint(
            "organisation_id",
            "provider",
            "account",
            "is_live",
            name=op.f("uq_customers_organisation_id_provider_account_is_live"),
        ),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "ref", name=op.f("uq_customers_provider_account_is_live_ref")
        ),
        schema="billing",
    )
    op.create_table(
        "findings",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("ours", JSONB(none_as_null=True), nullable=False),
        sa.Column("theirs", JSONB(none_as_null=True), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        schema="billing",
    )
    op.create_index(op.f("ix_findings_found_at"), "findings", ["found_at"], unique=False, schema="billing")
    op.create_index(
        "uq_findings_one_open",
        "findings",
        ["provider", "kind", "subject"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "ledger_transactions",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_ledger_transactions_organisation_id_id")),
        sa.UniqueConstraint(
            "provider",
            "account",
            "is_live",
            "kind",
            "ref",
            name=op.f("uq_ledger_transactions_provider_account_is_live_kind_ref"),
        ),
        schema="billing",
    )
    op.create_index(
        op.f("ix_ledger_transactions_occurred_at"),
        "ledger_transactions",
        ["occurred_at"],
        unique=False,
        schema="billing",
    )
    op.create_index(
        op.f("ix_ledger_transactions_organisation_id_occurred_at"),
        "ledger_transactions",
        ["organisation_id", "occurred_at"],
        unique=False,
        schema="billing",
    )
    op.create_table(
        "payment_methods",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("can_charge_again", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_methods")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_payment_methods_organisation_id_id")),
        sa.UniqueConstraint(
            "organisation_id",
            "provider",
            "account",
            "is_live",
            "ref",
            name=op.f("uq_payment_methods_organisation_id_provider_account_is_live_ref"),
        ),
        schema="billing",
    )
    op.create_table(
        "plan_versions",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("terms", JSONB(none_as_null=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_versions")),
        sa.UniqueConstraint("product", "plan", "digest", name=op.f("uq_plan_versions_product_plan_digest")),
        sa.UniqueConstraint("product", "plan", "version", name=op.f("uq_plan_versions_product_plan_version")),
        schema="billing",
    )
    op.create_table(
        "provider_events",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_ref", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("headers", JSONB(none_as_null=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint(
            "provider",
            "account",
            "is_live",
            "event_id",
            name=op.f("uq_provider_events_provider_account_is_live_event_id"),
        ),
        schema="billing",
    )
    op.create_index(
        op.f("ix_provider_events_received_at"), "provider_events", ["received_at"], unique=False, schema="billing"
    )
    op.create_index(
        "ix_provider_events_unhandled",
        "provider_events",
        ["received_at"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_table(
        "sync_cursors",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_cursors")),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "stream", name=op.f("uq_sync_cursors_provider_account_is_live_stream")
        ),
        schema="billing",
    )
    op.create_table(
        "grants",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("plan_version_id", sa.Uuid(), nullable=True),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_because", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(plan_version_id IS NULL) <> (feature = '')", name=op.f("ck_grants_plan_or_feature")),
        sa.CheckConstraint("ends_at IS NULL OR starts_at < ends_at", name=op.f("ck_grants_has_a_length")),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["billing.plan_versions.id"], name=op.f("fk_grants_plan_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_grants_organisation_id_id")),
        sa.UniqueConstraint(
            "source",
            "source_ref",
            "plan_version_id",
            "feature",
            name=op.f("uq_grants_source_source_ref_plan_version_id_feature"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="billing",
    )
    op.create_index(
        op.f("ix_grants_organisation_id_product_ends_at"),
        "grants",
        ["organisation_id", "product", "ends_at"],
        unique=False,
        schema="billing",
    )
    op.create_table(
        "ledger_entries",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entries_amount")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "transaction_id"],
            ["billing.ledger_transactions.organisation_id", "billing.ledger_transactions.id"],
            name="fk_ledger_entries_transaction",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_ledger_entries_organisation_id_id")),
        schema="billing",
    )
    op.create_index(
        op.f("ix_ledger_entries_transaction_id"), "ledger_entries", ["transaction_id"], unique=False, schema="billing"
    )
    op.create_table(
        "prices",
        sa.Column("plan_version_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["billing.plan_versions.id"], name=op.f("fk_prices_plan_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
        sa.UniqueConstraint("key", name=op.f("uq_prices_key")),
        schema="billing",
    )
    op.create_table(
        "checkout_intents",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("promo_code", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_checkout_intents_amount")),
        sa.ForeignKeyConstraint(["price_id"], ["billing.prices.id"], name=op.f("fk_checkout_intents_price_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkout_intents")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_checkout_intents_organisation_id_id")),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "ref", name=op.f("uq_checkout_intents_provider_account_is_live_ref")
        ),
        schema="billing",
    )
    op.create_index(
        op.f("ix_checkout_intents_next_check_at"),
        "checkout_intents",
        ["next_check_at"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.create_index(
        "uq_checkout_intents_one_open",
        "checkout_intents",
        ["organisation_id", "product"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "payments",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("intent_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("attempt_key", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=False),
        sa.Column("failure_is_hard", sa.Boolean(), nullable=False),
        sa.Column("method_title", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("invoice_url", sa.Text(), nullable=False),
        sa.Column("receipt_url", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("refunded >= 0 AND refunded <= amount", name=op.f("ck_payments_refunded")),
        sa.ForeignKeyConstraint(["price_id"], ["billing.prices.id"], name=op.f("fk_payments_price_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("attempt_key", name=op.f("uq_payments_attempt_key")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_payments_organisation_id_id")),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "ref", name=op.f("uq_payments_provider_account_is_live_ref")
        ),
        schema="billing",
    )
    op.create_index(
        op.f("ix_payments_organisation_id_occurred_at"),
        "payments",
        ["organisation_id", "occurred_at"],
        unique=False,
        schema="billing",
    )
    op.create_index(
        op.f("ix_payments_state_created_at"),
        "payments",
        ["state", "created_at"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        op.f("ix_payments_subscription_id"), "payments", ["subscription_id"], unique=False, schema="billing"
    )
    op.create_table(
        "provider_prices",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["price_id"], ["billing.prices.id"], name=op.f("fk_provider_prices_price_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_prices")),
        sa.UniqueConstraint(
            "provider",
            "account",
            "is_live",
            "price_id",
            name=op.f("uq_provider_prices_provider_account_is_live_price_id"),
        ),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "ref", name=op.f("uq_provider_prices_provider_account_is_live_ref")
        ),
        schema="billing",
    )
    op.create_table(
        "subscriptions",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan_version_id", sa.Uuid(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=True),
        sa.Column("pending_price_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("intent_id", sa.Uuid(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("method_id", sa.Uuid(), nullable=True),
        sa.Column("anchor_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("period_index", sa.Integer(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("access_hold", sa.Text(), nullable=False),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.Column("past_due_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dunning_step", sa.Integer(), nullable=False),
        sa.Column("next_charge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=False),
        sa.Column("snapshot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snapshot", JSONB(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_subscriptions_ended_has_a_time")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_subscriptions_quantity")),
        sa.ForeignKeyConstraint(
            ["pending_price_id"], ["billing.prices.id"], name=op.f("fk_subscriptions_pending_price_id")
        ),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["billing.plan_versions.id"], name=op.f("fk_subscriptions_plan_version_id")
        ),
        sa.ForeignKeyConstraint(["price_id"], ["billing.prices.id"], name=op.f("fk_subscriptions_price_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_subscriptions_organisation_id_id")),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "ref", name=op.f("uq_subscriptions_provider_account_is_live_ref")
        ),
        schema="billing",
    )
    op.create_index(
        op.f("ix_subscriptions_next_charge_at"),
        "subscriptions",
        ["next_charge_at"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("next_charge_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_subscriptions_next_check_at"),
        "subscriptions",
        ["next_check_at"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.create_index(
        "uq_subscriptions_one_live",
        "subscriptions",
        ["organisation_id", "product"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("state NOT IN ('incomplete', 'ended') AND duplicate_of IS NULL"),
    )
    op.create_table(
        "disputes",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payment_id"],
            ["billing.payments.organisation_id", "billing.payments.id"],
            name="fk_disputes_payment",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_disputes_organisation_id_id")),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "ref", name=op.f("uq_disputes_provider_account_is_live_ref")
        ),
        schema="billing",
    )
    op.create_table(
        "refunds",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payment_id"],
            ["billing.payments.organisation_id", "billing.payments.id"],
            name="fk_refunds_payment",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("key", name=op.f("uq_refunds_key")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_refunds_organisation_id_id")),
        sa.UniqueConstraint(
            "provider", "account", "is_live", "ref", name=op.f("uq_refunds_provider_account_is_live_ref")
        ),
        schema="billing",
    )
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False, schema="billing")
    op.create_table(
        "subscription_log",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_ref", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("changes", JSONB(none_as_null=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "subscription_id"],
            ["billing.subscriptions.organisation_id", "billing.subscriptions.id"],
            name="fk_subscription_log_subscription",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_log")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_subscription_log_organisation_id_id")),
        schema="billing",
    )
    op.create_index(
        op.f("ix_subscription_log_subscription_id_id"),
        "subscription_log",
        ["subscription_id", "id"],
        unique=False,
        schema="billing",
    )
    for table in TENANT_TABLES:
        tenant_table("billing", table)
    op.execute(REFUSE)
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON billing.{table} FROM verf_app, verf_system")
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON billing.{table} "
            "FOR EACH ROW EXECUTE FUNCTION billing.refuse()"
        )
    op.execute(KEEP_PRICE)
    op.execute(
        "CREATE TRIGGER keep_price BEFORE UPDATE ON billing.prices FOR EACH ROW EXECUTE FUNCTION billing.keep_price()"
    )
    op.execute(BALANCED)
    op.execute(
        "CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON billing.ledger_entries DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION billing.balanced()"
    )


def downgrade() -> None:
    for table in (
        "subscription_log",
        "refunds",
        "disputes",
        "subscriptions",
        "provider_prices",
        "payments",
        "checkout_intents",
        "prices",
        "ledger_entries",
        "grants",
        "sync_cursors",
        "provider_events",
        "plan_versions",
        "payment_methods",
        "ledger_transactions",
        "findings",
        "customers",
    ):
        op.drop_table(table, schema="billing")
    for function in ("balanced", "keep_price", "refuse"):
        op.execute(f"DROP FUNCTION billing.{function}")
