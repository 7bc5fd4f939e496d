"""A cancellation that its provider has not confirmed yet."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0020"
down_revision = "billing_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("leaving", sa.Text(), server_default="", nullable=False), schema="billing")
    op.alter_column("subscriptions", "leaving", server_default=None, schema="billing")


def downgrade() -> None:
    op.drop_column("subscriptions", "leaving", schema="billing")
