"""The plan that was to come, remembered while its provider is asked for something that lets go of it."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0021"
down_revision = "billing_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("kept_price_id", sa.Uuid(), nullable=True), schema="billing")
    op.create_foreign_key(
        op.f("fk_subscriptions_kept_price_id"),
        "subscriptions",
        "prices",
        ["kept_price_id"],
        ["id"],
        source_schema="billing",
        referent_schema="billing",
    )


def downgrade() -> None:
    op.drop_column("subscriptions", "kept_price_id", schema="billing")
