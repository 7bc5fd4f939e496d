import asyncio
import sys
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from verf.database import connect, disconnect, migrate
from verf.database.migrating import owner_connection
from verf.manifest import Room

REVISION = """
from alembic import op
import sqlalchemy
from verf.database.migrations import may_take, tenant_table

revision = "{room}_{number:04}"
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends!r}

def upgrade():
    {body}
"""

# Processes like the site and its workers at their start.
START = """
import asyncio, os, sys
from verf.database import connect, migrate
from verf.manifest import Room
async def main():
    await connect(sys.argv[1], owner_url=sys.argv[2])
    sys.path.insert(0, sys.argv[3])
    os.write(1, repr(await migrate([Room(name="yard", package="yard")])).encode() + b"\\n")
children = [os.fork() for _ in range(2)]
asyncio.run(main())
for child in filter(None, children):
    os.waitpid(child, 0)
"""


@pytest_asyncio.fixture(loop_scope="session")
async def empty(database_server, migrated_database):
    """A database without any table, to which this process is connected for the test."""
    name = f"verf_empty_{uuid4().hex[:8]}"
    async with owner_connection() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text(f"CREATE DATABASE {name}")
        )
    await disconnect()
    urls = database_server.url(name), database_server.owner_url(name)
    await connect(urls[0], owner_url=urls[1])
    yield urls
    await disconnect()
    await connect(
        database_server.url(migrated_database.name), owner_url=database_server.owner_url(migrated_database.name)
    )
    async with owner_connection() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text(f"DROP DATABASE {name}"))


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Rooms made for a test: build("yard", "op.execute(...)", ...) has one revision per statement."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name, *bodies, depends=None):
        folder = tmp_path / name / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "__init__.py").touch()
        for number, body in enumerate(bodies, 1):
            first = number == 1
            (folder / f"{number:04}.py").write_text(
                REVISION.format(
                    room=name,
                    number=number,
                    down=None if first else f"{name}_{number - 1:04}",
                    labels=(name,) if first else None,
                    depends=depends if first else None,
                    body=body,
                )
            )
        return Room(name=name, package=name)

    return make


async def ask(question):
    async with owner_connection() as connection:
        return await connection.scalar(text(question))


TIME_OUTS = (
    "op.execute(\"CREATE TABLE yard.t AS SELECT current_setting('statement_timeout') AS statement, "
    "current_setting('lock_timeout') AS lock\")"
)
SHIPS = 'op.create_table("ships", sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True), schema="yard")'


async def test_revisions_are_applied_once(empty, build):
    yard = build("yard", SHIPS)
    assert await migrate([yard]) == ["database_0001", "yard_0001"]
    assert await migrate([yard]) == []
    yard = build("yard", SHIPS, 'op.execute("ALTER TABLE yard.ships ADD COLUMN name text")')
    assert await migrate([yard]) == ["yard_0002"]
    assert await ask("SELECT count(*) FROM yard.ships WHERE name IS NULL") == 0


async def test_a_room_may_stand_on_another(empty, build):
    docks = build("docks", 'op.execute("CREATE TABLE docks.moored AS TABLE yard.ships")', depends=("yard_0001",))
    applied = await migrate([docks, build("yard", SHIPS)])
    assert applied.index("yard_0001") < applied.index("docks_0001")
    assert await migrate([docks, build("yard", SHIPS)]) == []


async def test_a_room_that_comes_later_finds_its_place(empty, build):
    yard = build("yard", SHIPS)
    await migrate([yard])
    assert await migrate([yard, build("docks", 'op.execute("CREATE TABLE docks.moored (id int)")')]) == ["docks_0001"]


async def test_processes_that_start_together_migrate_once(empty, build, tmp_path):
    build("yard", f'{SHIPS}\n    op.execute("SELECT pg_sleep(0.3)")')
    urls = [url.render_as_string(hide_password=False) for url in empty]
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, *urls, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    told = [line for line in (await started.communicate())[0].decode().splitlines() if line.startswith("[")]
    assert sorted(told) == ["['database_0001', 'yard_0001']", "[]", "[]", "[]"]


async def test_a_failing_revision_leaves_the_ones_before_it_and_nothing_of_itself(empty, build):
    broken = build("yard", SHIPS, f'{SHIPS.replace("ships", "boats")}\n    op.execute("SELECT 1 / 0")')
    with pytest.raises(DBAPIError, match="division by zero"):
        await migrate([broken])
    assert await ask("SELECT to_regclass('yard.boats')") is None
    assert await ask("SELECT to_regclass('yard.ships')") is not None
    mended = build("yard", SHIPS, SHIPS.replace("ships", "boats"))
    assert await migrate([mended]) == ["yard_0002"]


async def test_a_revision_that_takes_too_long_is_stopped(empty, build):
    impatient = "op.execute(\"SET LOCAL statement_timeout = '50ms'\")"
    with pytest.raises(DBAPIError, match="statement timeout"):
        await migrate([build("yard", f'{impatient}\n    op.execute("SELECT pg_sleep(5)")')])
    assert await migrate([build("yard", f"may_take(seconds=60); {TIME_OUTS}")]) == ["yard_0001"]
    assert await ask("SELECT statement FROM yard.t") == "1min"


async def test_time_outs_are_short_unless_said_otherwise(empty, build):
    await migrate([build("yard", TIME_OUTS)])
    assert await ask("SELECT statement || ' ' || lock FROM yard.t") == "5s 2s"


async def test_a_revision_waits_for_its_lock_in_short_tries(empty, build):
    await migrate([build("yard", SHIPS)])
    longer = build("yard", SHIPS, 'op.execute("ALTER TABLE yard.ships ADD COLUMN name text")')
    async with owner_connection() as reader:
        await reader.execute(text("SELECT count(*) FROM yard.ships"))
        waiting = asyncio.create_task(migrate([longer]))
        await asyncio.sleep(2.5)
        assert not waiting.done()
    assert await waiting == ["yard_0002"]


async def test_the_app_may_use_new_tables_and_tenant_tables_are_walled(empty, build):
    columns = "id int PRIMARY KEY, organisation_id uuid NOT NULL"
    berths = f'op.execute("CREATE TABLE yard.berths ({columns})"); tenant_table("yard", "berths")'
    await migrate([build("yard", SHIPS, berths)])
    assert await ask("SELECT has_table_privilege('verf_app', 'yard.ships', 'SELECT, INSERT, UPDATE, DELETE')")
    assert not await ask("SELECT has_schema_privilege('verf_app', 'yard', 'CREATE')")
    assert await ask("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'yard.berths'::regclass")


async def test_at_the_newest_revision_nothing_is_locked(empty, build):
    yard = build("yard", SHIPS)
    await migrate([yard])
    async with owner_connection() as busy:
        await busy.execute(text("SELECT pg_advisory_lock(1986359910)"))
        await busy.execute(text("LOCK TABLE yard.ships"))
        assert await migrate([yard]) == []


async def test_cyrillic_is_searchable(database):
    assert await ask("SELECT similarity('привет', 'превет')") > 0.3
    assert await ask("SELECT 'ЁЛКА' ILIKE 'ёлк%'")


async def test_ids_made_by_the_server_sort_by_time(database):
    first = await ask("SELECT database.new_id()")
    await asyncio.sleep(0.002)
    assert first.version == 7
    assert first < await ask("SELECT database.new_id()")
