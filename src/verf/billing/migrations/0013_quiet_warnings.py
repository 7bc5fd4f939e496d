"""Since when a warning of a chargeback holds access no more, since none has come."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0013"
down_revision = "billing_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("disputes", sa.Column("hold_ended_at", sa.DateTime(timezone=True), nullable=True), schema="billing")


def downgrade() -> None:
    op.drop_column("disputes", "hold_ended_at", schema="billing")
