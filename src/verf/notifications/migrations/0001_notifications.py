"""What people are told, how it travels, where it must not go."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "notifications_0001"
down_revision = None
branch_labels = ("notifications",)
depends_on = None

SCHEMA = "notifications"


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("person_id", "notice", "key", name="uq_notifications_person_id_notice_key"),
        schema=SCHEMA,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "notification_id",
            sa.Uuid,
            sa.ForeignKey("notifications.notifications.id", ondelete="CASCADE", name="fk_deliveries_notification_id"),
            nullable=False,
        ),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("unsubscribe_token", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("notification_id", "channel", name="uq_deliveries_notification_id_channel"),
        sa.UniqueConstraint("unsubscribe_token", name="uq_deliveries_unsubscribe_token"),
        schema=SCHEMA,
    )
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"], schema=SCHEMA)
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("address_hash", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("address_hash", name="uq_suppressions_address_hash"),
        schema=SCHEMA,
    )
    op.create_table(
        "opt_outs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("person_id", "notice", name="uq_opt_outs_person_id_notice"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    for table in ("opt_outs", "suppressions", "deliveries", "notifications"):
        op.drop_table(table, schema=SCHEMA)
