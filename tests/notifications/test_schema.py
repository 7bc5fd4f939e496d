from verf.database import drift
from verf.notifications.manifest import room


async def test_the_tables_are_as_the_models_say(database):
    assert await drift([room]) == []
