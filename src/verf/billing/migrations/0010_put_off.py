"""Until when the next charge was put off for days that were given."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0010"
down_revision = "billing_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscriptions", sa.Column("put_off_until", sa.DateTime(timezone=True), nullable=True), schema="billing"
    )


def downgrade() -> None:
    op.drop_column("subscriptions", "put_off_until", schema="billing")
