"""The numbers of the business as they are kept, and how what has happened since is found."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0011"
down_revision = "billing_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tallies")),
        schema="billing",
    )
    op.create_index(
        "uq_tallies_key",
        "tallies",
        ["kind", "product", "about", "first", "at", "name"],
        unique=True,
        schema="billing",
    )
    op.create_index(op.f("ix_tallies_at"), "tallies", ["at"], schema="billing")
    op.create_index(op.f("ix_subscription_log_at"), "subscription_log", ["at"], schema="billing")
    op.create_index(
        op.f("ix_ledger_transactions_recorded_at"), "ledger_transactions", ["recorded_at"], schema="billing"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_ledger_transactions_recorded_at"), "ledger_transactions", schema="billing")
    op.drop_index(op.f("ix_subscription_log_at"), "subscription_log", schema="billing")
    op.drop_table("tallies", schema="billing")
