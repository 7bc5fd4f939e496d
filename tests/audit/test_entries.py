import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from verf.app import all_rooms
from verf.audit import history, record
from verf.database import drift, transaction
from verf.database.migrating import owner_connection
from verf.kit import new_id

ANNA = "person:anna"


async def test_an_entry_tells_who_did_what_to_what(database):
    organisation = new_id()
    async with transaction(organisation=organisation) as session:
        await record(
            session,
            ANNA,
            "organisations.renamed",
            f"organisation:{organisation}",
            before={"name": "Old", "api_token": "hunter2"},
            after={"name": "New", "note": "password=hunter2"},
            address="203.0.113.9",
        )
    async with transaction(organisation=organisation) as session:
        [entry] = await history(session)
    assert (entry.actor, entry.action, entry.organisation) == (ANNA, "organisations.renamed", organisation)
    assert (entry.before["name"], entry.after["name"], entry.address) == ("Old", "New", "203.0.113.9")
    assert "hunter2" not in str(entry)


async def test_what_is_rolled_back_never_happened(database):
    organisation = new_id()
    with pytest.raises(LookupError):
        async with transaction(organisation=organisation) as session:
            await record(session, ANNA, "a.done", "x")
            raise LookupError
    async with transaction(system="test") as session:
        assert await history(session) == []


async def test_an_organisation_sees_its_own_entries_and_the_system_all(database):
    first, second = new_id(), new_id()
    for organisation in (first, second):
        async with transaction(organisation=organisation) as session:
            await record(session, ANNA, "a.done", f"organisation:{organisation}")
    async with transaction() as session:
        await record(session, "system", "house.started", "house")
    async with transaction(organisation=first) as session:
        assert [entry.subject for entry in await history(session)] == [f"organisation:{first}"]
    async with transaction() as session:
        assert await history(session) == []
    async with transaction(system="test") as session:
        assert len(await history(session)) == 3
        newest, *_ = await history(session, limit=1)
        assert len(await history(session, older_than=newest.id)) == 2
        assert len(await history(session, subject="house")) == 1


async def test_nobody_writes_in_the_name_of_another_organisation(database):
    async with transaction(organisation=new_id()) as session:
        session.info["organisation"] = new_id()
        with pytest.raises(DBAPIError, match="row-level security"):
            await record(session, ANNA, "a.done", "x")
        await session.rollback()


@pytest.mark.parametrize("statement", ["UPDATE audit.entries SET actor = 'x'", "DELETE FROM audit.entries"])
async def test_entries_are_never_changed_not_even_by_their_owner(database, statement):
    async with transaction() as session:
        await record(session, ANNA, "a.done", "x")
    for scope in ({}, {"system": "test"}):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with transaction(**scope) as session:
                await session.execute(text(statement))
    async with owner_connection() as connection:
        with pytest.raises(DBAPIError, match="never changed"):
            await connection.execute(text(statement))


async def test_the_model_and_the_table_agree(database):
    assert await drift([room for room in all_rooms() if room.name == "audit"]) == []
