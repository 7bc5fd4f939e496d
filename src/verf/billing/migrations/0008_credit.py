"""What a payment took from the customer's credit, and what became of it when a change of plan ended its time."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0008"
down_revision = "billing_0007"
branch_labels = None
depends_on = None

SUMS = ("credit", "put_in", "credited")


def upgrade() -> None:
    for name in SUMS:
        op.add_column(
            "payments", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"), schema="billing"
        )
        op.alter_column("payments", name, server_default=None, schema="billing")
    op.add_column("payments", sa.Column("turned_into", sa.Uuid(), nullable=True), schema="billing")


def downgrade() -> None:
    for name in (*SUMS, "turned_into"):
        op.drop_column("payments", name, schema="billing")
