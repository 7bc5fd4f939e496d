"""What was answered to requests that must not be done twice."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from verf.database.migrations import tenant_table

revision = "limits_0002"
down_revision = "limits_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("alive_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", JSONB(none_as_null=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_answers_organisation_id_id")),
        sa.UniqueConstraint(
            "organisation_id", "actor", "route", "key", name=op.f("uq_answers_organisation_id_actor_route_key")
        ),
        schema="limits",
    )
    op.create_index(op.f("ix_answers_expires_at"), "answers", ["expires_at"], unique=False, schema="limits")
    tenant_table("limits", "answers")


def downgrade() -> None:
    op.drop_table("answers", schema="limits")
