"""Who may do what: verf_app serves one organisation at a time, verf_system sees all, neither owns anything."""

from sqlalchemy import Connection, text

BOTH = "verf_app, verf_system"

MAKE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'verf_system') THEN
        CREATE ROLE verf_system NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'verf_app') THEN
        CREATE ROLE verf_app NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role('verf_app', 'verf_system', 'SET') THEN
        GRANT verf_system TO verf_app WITH INHERIT FALSE, SET TRUE;
    END IF;
END $$
"""

# A login that is not verf_app itself becomes it when it connects, and must be allowed to.
ALLOW = """
DO $$ BEGIN
    IF '{login}' <> 'verf_app' AND NOT pg_has_role('{login}', 'verf_app', 'SET') THEN
        EXECUTE format('GRANT verf_app TO %I WITH INHERIT FALSE, SET TRUE', '{login}');
    END IF;
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO verf_app, verf_system', current_database());
END $$
"""


def make_roles(connection: Connection) -> None:
    connection.execute(text(MAKE))


def allow_login(connection: Connection, login: str) -> None:
    quoted = login.replace("'", "''")
    connection.execute(text(ALLOW.format(login=quoted).replace(":", "\\:")))


def open_schema(connection: Connection, schema: str) -> None:
    """The schema, whose tables both roles may use from their creation on."""
    for statement in schema_statements(schema):
        connection.execute(text(statement))


def schema_statements(schema: str) -> list[str]:
    future = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT"
    return [
        f"CREATE SCHEMA IF NOT EXISTS {schema}",
        f"GRANT USAGE ON SCHEMA {schema} TO {BOTH}",
        f"{future} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {BOTH}",
        f"{future} USAGE, SELECT ON SEQUENCES TO {BOTH}",
    ]
