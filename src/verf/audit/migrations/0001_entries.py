"""Entries that can be added and read, never changed: by right, and by a trigger that binds their owner too."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "audit_0001"
down_revision = None
branch_labels = ("audit",)
depends_on = None

OWN = "organisation_id = (SELECT nullif(current_setting('verf.organisation', true), '')::uuid)"


def upgrade() -> None:
    op.create_table(
        "entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("after", JSONB(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        schema="audit",
    )
    op.create_index("ix_entries_organisation_id_id", "entries", ["organisation_id", "id"], schema="audit")
    op.create_index("ix_entries_subject_id", "entries", ["subject", "id"], schema="audit")
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit.entries FROM verf_app, verf_system")
    op.execute("ALTER TABLE audit.entries ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit.entries FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY read_own ON audit.entries FOR SELECT TO verf_app USING ({OWN})")
    op.execute(
        f"CREATE POLICY add ON audit.entries FOR INSERT TO verf_app WITH CHECK (organisation_id IS NULL OR {OWN})"
    )
    op.execute("CREATE POLICY system ON audit.entries TO verf_system USING (true) WITH CHECK (true)")
    op.execute("""
        CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'Audit entries are never changed.'; END $$
    """)
    op.execute("""
        CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON audit.entries
        FOR EACH ROW EXECUTE FUNCTION audit.refuse()
    """)


def downgrade() -> None:
    op.execute("DROP TABLE audit.entries")
    op.execute("DROP FUNCTION audit.refuse")
