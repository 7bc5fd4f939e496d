"""Promo codes that lower the payments of several months, and that a person uses once under whatever organisation."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0007"
down_revision = "billing_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "promo_codes", sa.Column("months", sa.Integer(), nullable=False, server_default="1"), schema="billing"
    )
    op.alter_column("promo_codes", "months", server_default=None, schema="billing")
    op.create_check_constraint(
        op.f("ck_promo_codes_months"),
        "promo_codes",
        "months BETWEEN 1 AND 36 AND (kind <> 'days' OR months = 1)",
        schema="billing",
    )
    op.add_column("subscriptions", sa.Column("promo_id", sa.Uuid(), nullable=True), schema="billing")
    op.add_column(
        "subscriptions", sa.Column("promo_until", sa.DateTime(timezone=True), nullable=True), schema="billing"
    )
    op.create_foreign_key(
        op.f("fk_subscriptions_promo_id"),
        "subscriptions",
        "promo_codes",
        ["promo_id"],
        ["id"],
        source_schema="billing",
        referent_schema="billing",
    )
    op.create_table(
        "promo_claims",
        sa.Column("promo_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["promo_id"], ["billing.promo_codes.id"], name=op.f("fk_promo_claims_promo_id")),
        sa.PrimaryKeyConstraint("promo_id", "kind", "hash", name=op.f("pk_promo_claims")),
        schema="billing",
    )
    op.create_index(op.f("ix_promo_claims_redemption_id"), "promo_claims", ["redemption_id"], schema="billing")


def downgrade() -> None:
    op.drop_table("promo_claims", schema="billing")
    op.drop_column("subscriptions", "promo_until", schema="billing")
    op.drop_column("subscriptions", "promo_id", schema="billing")
    op.drop_column("promo_codes", "months", schema="billing")
