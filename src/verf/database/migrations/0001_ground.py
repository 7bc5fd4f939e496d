"""Extensions, and ids made by the server itself."""

from alembic import op
from sqlalchemy import text

revision = "database_0001"
down_revision = None
branch_labels = ("database",)
depends_on = None

# PostgreSQL 17 has no uuidv7(): a random id with the milliseconds written over its first 48 bits.
UUID7_BEFORE_18 = """
SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
    FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public")
    version = op.get_bind().scalar(text("SELECT current_setting('server_version_num')::int"))
    body = "SELECT uuidv7()" if version and version >= 180000 else UUID7_BEFORE_18
    op.execute(f"CREATE FUNCTION database.new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $${body}$$")


def downgrade() -> None:
    op.execute("DROP FUNCTION database.new_id()")
