"""PgQueuer's own tables, and beside them the runs people watch and the slots of schedules."""

import sqlalchemy as sa
from alembic import op
from pgqueuer.adapters.persistence import schema_ddl
from pgqueuer.domain.schema.declaration import target
from pgqueuer.domain.settings import DBSettings
from sqlalchemy.dialects.postgresql import JSONB

revision = "jobs_0001"
down_revision = None
branch_labels = ("jobs",)
depends_on = None

# As in verf.jobs.engine, repeated so that this revision stays what it was.
TABLES = DBSettings(
    db_schema="jobs",
    channel="verf_jobs",
    queue_table="queue",
    queue_table_log="log",
    statistics_table="statistics",
    schedules_table="cron",
    queue_status_type="status",
    function="announce_change",
    trigger="queue_changed",
)


def upgrade() -> None:
    install_engine()
    # It would notify inside business transactions; verf.jobs.doorbell rings after the commit instead.
    op.execute("ALTER TABLE jobs.queue DISABLE TRIGGER queue_changed")
    op.execute("CREATE INDEX queue_turn ON jobs.queue ((headers ->> 'turn'), priority DESC, id) WHERE headers ? 'turn'")
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("job", sa.BigInteger, nullable=False, unique=True),
        sa.Column("organisation", sa.Uuid),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("total", sa.Integer, nullable=False, server_default="0"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("result", JSONB),
        sa.Column("error", sa.Text),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, index=True),
        schema="jobs",
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("schedule", "due_at"),
        schema="jobs",
    )


def install_engine() -> None:
    schema = target(TABLES)
    rendered = [
        *(schema_ddl.render_enum(entry, TABLES) for entry in schema.enums),
        *(schema_ddl.render_table(entry, TABLES) for entry in schema.tables),
        *(schema_ddl.render_index(entry, TABLES) for entry in schema.indexes),
        *(schema_ddl.render_function(entry, TABLES) for entry in schema.functions),
        *(schema_ddl.render_trigger(entry, TABLES) for entry in schema.triggers),
    ]
    for statement in rendered:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.drop_table("slots", schema="jobs")
    op.drop_table("runs", schema="jobs")
    for table in ("queue", "log", "statistics", "cron"):
        op.drop_table(table, schema="jobs")
    op.execute("DROP FUNCTION jobs.announce_change()")
    op.execute("DROP TYPE jobs.status")
