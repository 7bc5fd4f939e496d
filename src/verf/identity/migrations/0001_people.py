"""People, staff, sessions and links in mails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INET

revision = "identity_0001"
down_revision = None
branch_labels = ("identity",)
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("verified_at", MOMENT),
        sa.Column("disabled_at", MOMENT),
        sa.CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        schema="identity",
    )
    op.create_table(
        "staff",
        sa.Column("person_id", sa.Uuid(), _person(), primary_key=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('support', 'admin', 'owner')", name="role_is_known"),
        schema="identity",
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("person_id", sa.Uuid(), _person(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("device_hash", sa.LargeBinary()),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("ip", INET()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("refreshed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_because", sa.Text()),
        schema="identity",
    )
    op.create_index(
        "ix_sessions_person_open",
        "sessions",
        ["person_id"],
        schema="identity",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("person_id", sa.Uuid(), _person(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("device_hash", sa.LargeBinary()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.CheckConstraint("purpose IN ('verify', 'reset')", name="purpose_is_known"),
        schema="identity",
    )
    op.create_index("ix_links_person_purpose", "links", ["person_id", "purpose"], schema="identity")


def downgrade() -> None:
    for table in ("links", "sessions", "staff", "people"):
        op.drop_table(table, schema="identity")


def _person() -> sa.ForeignKey:
    return sa.ForeignKey("identity.people.id", ondelete="CASCADE")
