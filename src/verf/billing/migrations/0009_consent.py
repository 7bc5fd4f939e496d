"""What a customer has agreed to before paying, kept with the checkout."""

import sqlalchemy as sa
from alembic import op

revision = "billing_0009"
down_revision = "billing_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("terms_version", "terms_words"):
        op.add_column(
            "checkout_intents", sa.Column(name, sa.Text(), nullable=False, server_default=""), schema="billing"
        )
        op.alter_column("checkout_intents", name, server_default=None, schema="billing")
    op.add_column(
        "checkout_intents", sa.Column("terms_accepted_at", sa.DateTime(timezone=True), nullable=True), schema="billing"
    )


def downgrade() -> None:
    for name in ("terms_accepted_at", "terms_words", "terms_version"):
        op.drop_column("checkout_intents", name, schema="billing")
