"""The time that payments have bought: contiguous where it should be, and never twice (an exclusion constraint).

Periods paid for before are taken over from their payments, the earlier of two that would overlap.
"""

import sqlalchemy as sa
from alembic import op

from verf.database.migrations import tenant_table

revision = "billing_0006"
down_revision = "billing_0005"
branch_labels = None
depends_on = None

TAKE_OVER = """
INSERT INTO billing.paid_periods
    (id, organisation_id, subscription_id, payment_id, starts_at, ends_at, follows, created_at)
SELECT id, organisation_id, subscription_id, id, period_start, period_end, NULL, occurred_at
FROM billing.payments
WHERE state = 'paid' AND kind IN ('initial', 'renewal') AND subscription_id IS NOT NULL AND period_start < period_end
ORDER BY period_start, id
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public")
    op.create_table(
        "paid_periods",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("follows", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_paid_periods_has_a_length")),
        sa.CheckConstraint("follows IS NULL OR follows = starts_at", name=op.f("ck_paid_periods_contiguous")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "subscription_id"],
            ["billing.subscriptions.organisation_id", "billing.subscriptions.id"],
            name="fk_paid_periods_subscription",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payment_id"],
            ["billing.payments.organisation_id", "billing.payments.id"],
            name="fk_paid_periods_payment",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paid_periods")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_paid_periods_organisation_id_id")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_paid_periods_payment_id")),
        sa.UniqueConstraint("subscription_id", "ends_at", name=op.f("uq_paid_periods_subscription_id_ends_at")),
        sa.ForeignKeyConstraint(
            ["subscription_id", "follows"],
            ["billing.paid_periods.subscription_id", "billing.paid_periods.ends_at"],
            name="fk_paid_periods_follows",
        ),
        schema="billing",
    )
    op.execute(
        "ALTER TABLE billing.paid_periods ADD CONSTRAINT ex_paid_periods_never_overlap "
        "EXCLUDE USING gist (subscription_id WITH =, tstzrange(starts_at, ends_at) WITH &&)"
    )
    op.execute(TAKE_OVER)
    tenant_table("billing", "paid_periods")


def downgrade() -> None:
    op.drop_table("paid_periods", schema="billing")
