from sqlalchemy import text

from verf.database import in_transaction, reading, transaction


async def test_a_transaction_acts_as_the_role_of_the_app(database):
    async with transaction() as session:
        assert await session.scalar(text("SELECT current_user::text")) == "verf_app"
        assert in_transaction()
    assert not in_transaction()


async def test_system_work_acts_as_its_own_role(database):
    async with transaction(system="counts everybody") as session:
        assert await session.scalar(text("SELECT current_user::text")) == "verf_system"


async def test_a_reader_writes_nothing(database):
    async with reading() as connection:
        assert (await connection.execute(text("SHOW transaction_read_only"))).scalar() == "on"
