"""What an order takes of the customer's account besides what is paid on its page."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0012"
down_revision = "billing_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("credit", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("checkout_intents", column, schema="billing")
    op.alter_column("checkout_intents", "credit", server_default=None, schema="billing")


def downgrade() -> None:
    op.drop_column("checkout_intents", "credit", schema="billing")
