"""Promo codes and who used them; who brought whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from verf.database.migrations import tenant_table

revision = "billing_0004"
down_revision = "billing_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promo_codes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("plans", JSONB(none_as_null=True), nullable=False),
        sa.Column("max_redemptions", sa.Integer(), nullable=True),
        sa.Column("redeemed", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("value > 0 AND (kind <> 'percent' OR value < 100)", name=op.f("ck_promo_codes_value")),
        sa.CheckConstraint(
            "max_redemptions IS NULL OR redeemed <= max_redemptions", name=op.f("ck_promo_codes_not_over_redeemed")
        ),
        sa.CheckConstraint("redeemed >= 0", name=op.f("ck_promo_codes_redeemed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promo_codes")),
        schema="billing",
    )
    op.create_index(
        "uq_promo_codes_code", "promo_codes", [sa.literal_column("upper(code)")], unique=True, schema="billing"
    )
    op.create_table(
        "referral_codes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_referral_codes_code")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_referral_codes_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_referral_codes_organisation_id")),
        schema="billing",
    )
    op.create_table(
        "referrals",
        sa.Column("inviter", sa.Uuid(), nullable=False),
        sa.Column("invited", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rewarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", JSONB(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("inviter <> invited", name=op.f("ck_referrals_not_oneself")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sa.UniqueConstraint("invited", name=op.f("uq_referrals_invited")),
        schema="billing",
    )
    op.create_index(
        op.f("ix_referrals_due_at"),
        "referrals",
        ["due_at"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("state = 'qualified'"),
    )
    op.create_index(
        op.f("ix_referrals_inviter_rewarded_at"),
        "referrals",
        ["inviter", "rewarded_at"],
        unique=False,
        schema="billing",
    )
    op.create_table(
        "promo_redemptions",
        sa.Column("promo_id", sa.Uuid(), nullable=False),
        sa.Column("intent_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["promo_id"], ["billing.promo_codes.id"], name=op.f("fk_promo_redemptions_promo_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promo_redemptions")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_promo_redemptions_organisation_id_id")),
        schema="billing",
    )
    op.create_index(
        op.f("ix_promo_redemptions_intent_id"), "promo_redemptions", ["intent_id"], unique=False, schema="billing"
    )
    op.create_index(
        "uq_promo_redemptions_once",
        "promo_redemptions",
        ["promo_id", "organisation_id"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("state <> 'released'"),
    )
    tenant_table("billing", "promo_redemptions")
    tenant_table("billing", "referral_codes")


def downgrade() -> None:
    for table in ("referrals", "referral_codes", "promo_redemptions", "promo_codes"):
        op.drop_table(table, schema="billing")
