"""What a room's hand-written migrations are made with; this folder also holds the database's own first revision.

A room's first revision is `<room>_0001`, with `branch_labels = ("<room>",)` and `down_revision = None`; tables go to
`schema="<room>"`; a foreign key into another room's table wants `depends_on = ("<other room>_0001",)`.
"""

from alembic import op

from verf.database.roles import BOTH, schema_statements


def room_schema(room: str) -> None:
    """The schema of a room, whose tables the app's roles may use from their creation on. `migrate` does it for you."""
    for statement in schema_statements(room):
        op.execute(statement)


def tenant_table(room: str, table: str) -> None:
    """After create_table: rows are seen and written only in the scope of their organisation_id, or by the system."""
    name = f"{room}.{table}"
    own = "organisation_id = (SELECT nullif(current_setting('verf.organisation', true), '')::uuid)"
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_organisation ON {name} TO verf_app USING ({own}) WITH CHECK ({own})")
    op.execute(f"CREATE POLICY system ON {name} TO verf_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {BOTH}")


def may_take(*, seconds: int) -> None:
    """Let the statements of this revision run longer than the usual five seconds; it still never waits for locks."""
    op.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
