"""What is true of every table of every room, products included, asked of the migrated database."""

import pprint

from verf.app import all_rooms
from verf.database import drift, unguarded_tables

# Tables made by a library's own statements, which no model of ours describes.
OF_LIBRARIES: set[str] = set()

# Tables whose rows do not each belong to one organisation, with the reason. Add to it only with a reason.
WITHOUT_ORGANISATION = {
    "database.alembic_version": "which migrations were applied",
}


async def test_the_models_and_the_migrations_say_the_same(database):
    found = [line for line in await drift(all_rooms()) if line.removeprefix("remove_table ") not in OF_LIBRARIES]
    assert not found, pprint.pformat(found, width=200)


async def test_every_table_belongs_to_an_organisation_or_says_why_not(database):
    found = set(await unguarded_tables(all_rooms())) - set(WITHOUT_ORGANISATION)
    assert not found, sorted(found)
