from stock.manifest import product
from verf.database import drift


async def test_the_migrations_and_the_models_agree(database):
    assert await drift([product]) == []
