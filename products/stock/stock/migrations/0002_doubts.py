"""What the marketplace says is gone, and we do not believe yet."""

import sqlalchemy as sa
from alembic import op

from verf.database.migrations import tenant_table

revision = "stock_0002"
down_revision = "stock_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doubts",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            name=op.f("fk_doubts_organisation_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "connection_id", "place", name=op.f("pk_doubts")),
        schema="stock",
    )
    tenant_table("stock", "doubts")


def downgrade() -> None:
    op.drop_table("doubts", schema="stock")
