"""What was used of metered prices, as it is told to providers."""

import sqlalchemy as sa
from alembic import op

from verf.database.migrations import tenant_table

revision = "billing_0005"
down_revision = "billing_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage_reports",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("from_used", sa.BigInteger(), nullable=False),
        sa.Column("to_used", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("0 <= from_used AND from_used < to_used", name=op.f("ck_usage_reports_has_units")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "subscription_id"],
            ["billing.subscriptions.organisation_id", "billing.subscriptions.id"],
            name="fk_usage_reports_subscription",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_reports")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_usage_reports_organisation_id_id")),
        sa.UniqueConstraint("window_id", "from_used", name=op.f("uq_usage_reports_window_id_from_used")),
        schema="billing",
    )
    op.create_index(
        "ix_usage_reports_due",
        "usage_reports",
        ["organisation_id", "product"],
        schema="billing",
        postgresql_where=sa.text("state = 'new'"),
    )
    tenant_table("billing", "usage_reports")


def downgrade() -> None:
    op.drop_table("usage_reports", schema="billing")
