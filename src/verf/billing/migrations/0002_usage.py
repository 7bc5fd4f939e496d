"""What is used of a plan: windows, events, holds; staff's overrides; who has had a trial."""

import sqlalchemy as sa
from alembic import op

from verf.database.migrations import tenant_table

revision = "billing_0002"
down_revision = "billing_0001"
branch_labels = None
depends_on = None

TENANT_TABLES = ("usage_windows", "usage_events", "usage_holds", "overrides")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _tenant(table: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        *columns,
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{table}_organisation_id_id")),
        schema="billing",
    )


def upgrade() -> None:
    _tenant(
        "usage_windows",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        _moment("starts_at"),
        _moment("ends_at"),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0 AND reserved >= 0", name=op.f("ck_usage_windows_not_negative")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_usage_windows_has_a_length")),
        sa.UniqueConstraint(
            "organisation_id",
            "product",
            "feature",
            "starts_at",
            name=op.f("uq_usage_windows_organisation_id_product_feature_starts_at"),
        ),
    )
    _tenant(
        "usage_events",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("is_adjustment", sa.Boolean(), nullable=False),
        _moment("occurred_at"),
        _moment("received_at"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_usage_events_amount")),
        sa.UniqueConstraint(
            "organisation_id",
            "product",
            "feature",
            "key",
            name=op.f("uq_usage_events_organisation_id_product_feature_key"),
        ),
    )
    op.create_index(op.f("ix_usage_events_window_id"), "usage_events", ["window_id"], schema="billing")
    op.create_index(op.f("ix_usage_events_received_at"), "usage_events", ["received_at"], schema="billing")
    _tenant(
        "usage_holds",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=True),
        _moment("held_at"),
        _moment("expires_at"),
        _moment("closed_at", nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_usage_holds_amount")),
        sa.UniqueConstraint(
            "organisation_id",
            "product",
            "feature",
            "key",
            name=op.f("uq_usage_holds_organisation_id_product_feature_key"),
        ),
    )
    op.create_index(
        "ix_usage_holds_due",
        "usage_holds",
        ["expires_at"],
        schema="billing",
        postgresql_where=sa.text("state = 'held'"),
    )
    _tenant(
        "overrides",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        _moment("until", nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        _moment("made_at"),
        sa.UniqueConstraint(
            "organisation_id", "product", "feature", name=op.f("uq_overrides_organisation_id_product_feature")
        ),
    )
    op.create_table(
        "trial_claims",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _moment("claimed_at"),
        sa.PrimaryKeyConstraint("product", "kind", "hash", name=op.f("pk_trial_claims")),
        schema="billing",
    )
    for table in TENANT_TABLES:
        tenant_table("billing", table)


def downgrade() -> None:
    for table in ("trial_claims", *reversed(TENANT_TABLES)):
        op.drop_table(table, schema="billing")
