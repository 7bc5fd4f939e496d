"""What is for sale, as providers see it."""

import pytest
from shop import SHOP

from verf.billing import configure, publish
from verf.billing.for_sale import NotForSale, choose, offered, price_tag
from verf.database import transaction
from verf.kit import Money, new_id


@pytest.fixture
async def known(database):
    configure([SHOP])
    yield await publish()
    configure([])


async def test_providers_get_a_tag_with_words_for_the_receipt(known):
    offer = known.find("shop", "large", interval="year", currency="USD")
    async with transaction() as session:
        tag, version = await price_tag(session, offer.id)
    assert (tag.key, tag.title, tag.plan) == ("shop.large.year.usd.v1", "Shop: Large", "large")
    assert (tag.money, version.title) == (Money.of("300", "USD"), "Large")


async def test_a_price_that_nobody_knows_is_not_for_sale(known):
    async with transaction() as session:
        with pytest.raises(NotForSale, match="not offered any more"):
            await price_tag(session, new_id())


def test_a_currency_that_nobody_takes_is_said_so():
    with pytest.raises(NotForSale, match="Nobody here takes XXX"):
        choose("XXX", "")


def test_the_provider_asked_for_is_chosen_when_it_takes_the_currency():
    able = [source.name for source in offered() if "USD" in source.abilities.currencies]
    assert [choose("USD", name).name for name in ("", *able)] == [able[0], *able]
