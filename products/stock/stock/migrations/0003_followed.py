"""A plan follows so many products; the others are kept and not followed."""

import sqlalchemy as sa
from alembic import op

revision = "stock_0003"
down_revision = "stock_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("is_followed", sa.Boolean, server_default=sa.true(), nullable=False)
    op.add_column("products", column, schema="stock")


def downgrade() -> None:
    op.drop_column("products", "is_followed", schema="stock")
