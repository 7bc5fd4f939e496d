"""Organisations, members, invitations and the vault."""

import sqlalchemy as sa
from alembic import op

from verf.database.migrations import tenant_table

revision = "organisations_0001"
down_revision = None
branch_labels = ("organisations",)
depends_on = ("identity_0001",)

MOMENT = sa.DateTime(timezone=True)
SCOPE = "(SELECT nullif(current_setting('verf.organisation', true), '')::uuid)"


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        schema="organisations",
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), _organisation(), nullable=False),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("identity.people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.UniqueConstraint("organisation_id", "person_id"),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member', 'viewer')", name="role_is_known"),
        schema="organisations",
    )
    op.create_index("ix_members_person_id", "members", ["person_id"], schema="organisations")
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), _organisation(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.UniqueConstraint("organisation_id", "id"),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member', 'viewer')", name="role_is_known"),
        schema="organisations",
    )
    op.create_index("ix_invitations_email", "invitations", ["email"], schema="organisations")
    op.create_table(
        "credentials",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), _organisation(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("organisation_id", "id"),
        schema="organisations",
    )
    tenant_table("organisations", "invitations")
    tenant_table("organisations", "credentials")
    _hide_others("organisations", "id")
    _hide_others("members", "organisation_id")


def downgrade() -> None:
    for table in ("credentials", "invitations", "members", "organisations"):
        op.drop_table(table, schema="organisations")


def _organisation() -> sa.ForeignKey:
    return sa.ForeignKey("organisations.organisations.id", ondelete="CASCADE")


def _hide_others(table: str, column: str) -> None:
    """Signing in reads these before any scope is chosen; once one is, a forgotten filter shows nobody else's rows."""
    name, own = f"organisations.{table}", f"{SCOPE} IS NULL OR {column} = {SCOPE}"
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_organisation ON {name} TO verf_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY system ON {name} TO verf_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO verf_app, verf_system")
