"""What the database itself refuses, asked as the app's own role with no filter in any query."""

from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from tests.database.conftest import Level, Reservation

from verf.database import in_transaction, reading, transaction
from verf.database.migrating import owner_connection
from verf.kit import new_id

NAIL = {"shelf": 1, "item": "nail", "quantity": 5}


async def make_level(organisation):
    level = Level(organisation_id=organisation, **NAIL)
    async with transaction(organisation) as session:
        session.add(level)
    return level.id


async def count(**scope):
    async with transaction(**scope) as session:
        return await session.scalar(select(func.count()).select_from(Level))


async def test_without_a_scope_there_are_no_rows(workshop):
    await make_level(uuid4())
    assert await count() == 0
    async with reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(Level)) == 0


async def test_an_organisation_sees_its_own_rows_only(workshop):
    mine, theirs = uuid4(), uuid4()
    await make_level(mine)
    await make_level(theirs)
    assert await count(organisation=mine) == 1
    async with reading(mine) as connection:
        assert await connection.scalars(select(Level.organisation_id)) == [mine]


async def test_the_system_sees_all_rows(workshop):
    await make_level(uuid4())
    await make_level(uuid4())
    assert await count(system="counts everybody") == 2


async def test_the_scope_does_not_outlive_its_transaction(workshop):
    mine = uuid4()
    await make_level(mine)
    for _ in range(20):
        assert await count(organisation=mine) == 1
        assert await count() == 0
        assert await count(system="counts everybody") == 1
        assert await count() == 0


async def test_a_reader_never_sees_the_organisation_of_the_reader_before(workshop):
    mine = uuid4()
    await make_level(mine)
    for scope, seen in [(mine, 1), (mine, 1), (None, 0), (uuid4(), 0), (mine, 1), (None, 0)]:
        async with reading(scope) as connection:
            assert await connection.scalar(select(func.count()).select_from(Level)) == seen


async def test_a_reader_whose_connection_broke_starts_without_organisation(workshop):
    mine = uuid4()
    await make_level(mine)
    async with reading(mine) as connection:
        await connection.driver.close()
    async with reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(Level)) == 0
    async with reading(mine) as connection:
        assert await connection.scalar(select(func.count()).select_from(Level)) == 1


@pytest.mark.parametrize("scope", ["foreign", "none"])
async def test_rows_of_another_organisation_are_neither_changed_nor_deleted(workshop, scope):
    theirs = uuid4()
    await make_level(theirs)
    async with transaction(uuid4() if scope == "foreign" else None) as session:
        assert (await session.execute(update(Level).values(quantity=0))).rowcount == 0
        assert (await session.execute(delete(Level))).rowcount == 0
    async with transaction(theirs) as session:
        assert await session.scalar(select(Level.quantity)) == NAIL["quantity"]


@pytest.mark.parametrize("scope", ["foreign", "none"])
async def test_a_row_for_another_organisation_is_refused(workshop, scope):
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction(uuid4() if scope == "foreign" else None) as session:
            await session.execute(insert(Level).values(organisation_id=uuid4(), **NAIL))


async def test_a_row_cannot_be_given_to_another_organisation(workshop):
    mine = uuid4()
    await make_level(mine)
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction(mine) as session:
            await session.execute(update(Level).values(organisation_id=uuid4()))


async def test_a_reference_to_a_row_of_another_organisation_is_refused(workshop):
    mine, level = uuid4(), await make_level(uuid4())
    with pytest.raises(IntegrityError, match="fk_reservations"):
        async with transaction(mine) as session:
            session.add(Reservation(organisation_id=mine, level_id=level))


async def test_even_the_owner_of_the_table_is_bound(workshop):
    await make_level(uuid4())
    async with owner_connection() as connection:
        await connection.execute(text("CREATE ROLE landlord NOLOGIN"))
        await connection.execute(text("GRANT USAGE ON SCHEMA workshop TO landlord"))
        await connection.execute(text("ALTER TABLE workshop.levels OWNER TO landlord"))
        await connection.execute(text("SET LOCAL ROLE landlord"))
        assert await connection.scalar(select(func.count()).select_from(Level)) == 0
        await connection.rollback()


@pytest.mark.parametrize(
    "attempt",
    [
        "ALTER TABLE workshop.levels DISABLE ROW LEVEL SECURITY",
        "ALTER ROLE verf_app BYPASSRLS",
        "SET ROLE verf",
        "DROP TABLE workshop.levels",
        "CREATE TABLE workshop.mine (id int)",
        "COPY workshop.levels TO PROGRAM 'cat'",
    ],
)
async def test_the_app_cannot_take_the_wall_down(workshop, attempt):
    with pytest.raises(DBAPIError):
        async with transaction(uuid4()) as session:
            await session.execute(text(attempt))


async def test_being_a_member_of_the_system_gives_nothing_without_saying_so(workshop):
    async with transaction() as session:
        assert not await session.scalar(text("SELECT pg_has_role('verf_app', 'verf_system', 'USAGE')"))


async def test_organisation_and_system_are_not_one_scope(workshop):
    with pytest.raises(ValueError, match="not for both"):
        async with transaction(new_id(), system="both"):
            pass
    assert not in_transaction()
