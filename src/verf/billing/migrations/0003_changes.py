"""A change of a subscription is under way at its provider; a checkout that pays for a change of plan."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0003"
down_revision = "billing_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscriptions", sa.Column("changing_since", sa.DateTime(timezone=True), nullable=True), schema="billing"
    )
    op.add_column("checkout_intents", sa.Column("change_of", sa.Uuid(), nullable=True), schema="billing")


def downgrade() -> None:
    op.drop_column("checkout_intents", "change_of", schema="billing")
    op.drop_column("subscriptions", "changing_since", schema="billing")
