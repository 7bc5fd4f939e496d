"""Declared plans become versions; a version never changes, and nobody's subscription is touched."""

import asyncio
from dataclasses import replace

import pytest
from shop import LARGE, SHOP, SMALL, shop
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from verf.billing import catalogue, configure, publish
from verf.billing.catalogue import UnknownPlan, catalogue_with, forget_catalogue
from verf.billing.declarations import product_of
from verf.billing.models import PlanVersion, Price
from verf.database import transaction
from verf.errors import NotFound
from verf.kit import Money, new_id
from verf.manifest import Entitlement
from verf.manifest import Price as Priced

COPY = text("""
INSERT INTO billing.plan_versions (id, product, plan, version, title, rank, terms, digest, published_at)
SELECT gen_random_uuid(), product, plan, 9, title, rank, terms, 'another', published_at
FROM billing.plan_versions WHERE plan = 'small'
""")


@pytest.fixture
def declared(database):
    configure([SHOP])
    yield
    configure([])


async def count(table) -> int:
    async with transaction() as session:
        return await session.scalar(select(func.count()).select_from(table))


async def test_the_first_start_publishes_every_plan(declared):
    known = await publish()
    assert [version.terms.plan for version in known.plans("shop")] == ["small", "large"]
    assert (await count(PlanVersion), await count(Price)) == (2, 5)
    small = known.current("shop", "small")
    assert [str(offer.key) for offer in known.offers_of(small.id)] == [
        "shop.small.month.rub.v1",
        "shop.small.month.usd.v1",
        "shop.small.year.usd.v1",
    ]
    assert known.find("shop", "small", interval="year", currency="USD").money == Money.of("100", "USD")


async def test_the_next_start_changes_nothing(declared):
    first = await publish()
    again = await publish()
    assert (again.versions, again.offers) == (first.versions, first.offers)


async def test_a_changed_declaration_is_a_new_version_and_the_old_one_stays(declared):
    before = await publish()
    old = before.current("shop", "small")
    configure([shop(replace(SMALL, gives={**SMALL.gives, "calls": 20}), LARGE)])
    after = await publish()
    new = after.current("shop", "small")
    assert (old.number, new.number) == (1, 2)
    assert (old.terms.gives["calls"].amount, new.terms.gives["calls"].amount) == (10, 20)
    assert after.version(old.id) == old
    assert not any(offer.is_offered for offer in after.offers_of(old.id))
    assert after.current("shop", "large") == before.current("shop", "large")


async def test_a_new_price_is_a_new_version_too(declared):
    await publish()
    configure([shop(replace(SMALL, prices=(Priced(money=Money.of("12", "USD")),)), LARGE)])
    offer = (await publish()).find("shop", "small", interval="month", currency="USD")
    assert (offer.key, offer.money) == ("shop.small.month.usd.v2", Money.of("12", "USD"))


async def test_going_back_to_an_old_declaration_offers_the_old_version_again(declared):
    first = await publish()
    configure([shop(replace(SMALL, title="Tiny"), LARGE)])
    await publish()
    configure([SHOP])
    again = await publish()
    assert again.current("shop", "small") == first.current("shop", "small")
    assert await count(PlanVersion) == 3


async def test_a_plan_that_is_declared_no_more_cannot_be_bought_but_is_known(declared):
    small = (await publish()).current("shop", "small")
    configure([shop(LARGE)])
    known = await publish()
    assert [version.terms.plan for version in known.plans("shop")] == ["large"]
    assert known.version(small.id) == small
    assert known.current("shop", "small") == small


async def test_processes_that_start_at_once_publish_once(declared):
    await asyncio.gather(*(publish() for _ in range(8)))
    assert (await count(PlanVersion), await count(Price)) == (2, 5)


async def test_whoever_reads_first_publishes(declared):
    known = await catalogue()
    assert len(known.plans("shop")) == 2
    assert await catalogue() is known
    forget_catalogue()
    assert (await catalogue()).versions == known.versions


async def test_the_database_refuses_to_change_what_was_published(declared):
    await publish()
    for statement in (
        "UPDATE billing.plan_versions SET title = 'Free'",
        "DELETE FROM billing.plan_versions",
        "UPDATE billing.prices SET amount = 1",
    ):
        with pytest.raises(DBAPIError):
            async with transaction() as session:
                await session.execute(text(statement))


async def test_a_version_that_another_process_published_is_looked_up(declared):
    known = await publish()
    async with transaction() as session:
        await session.execute(COPY)
        newer = await session.scalar(select(PlanVersion.id).where(PlanVersion.version == 9))
    assert newer not in known.versions
    assert (await catalogue_with(newer)).version(newer).number == 9
    async with transaction() as session:
        assert newer in (await catalogue_with(newer, session)).versions


def test_only_declared_products_are_known(declared):
    assert product_of("shop") == SHOP
    with pytest.raises(NotFound):
        product_of("nothing")


async def test_what_is_not_sold_is_not_found(declared):
    known = await publish()
    for ask in (
        lambda: known.current("shop", "huge"),
        lambda: known.find("shop", "large", interval="month", currency="RUB"),
        lambda: known.version(new_id()),
        lambda: known.offer(new_id()),
    ):
        with pytest.raises(UnknownPlan):
            ask()


@pytest.mark.parametrize(
    "wrong, says",
    [
        (shop(SMALL, SMALL), "a plan twice"),
        (shop(SMALL, replace(LARGE, rank=1)), "of one rank"),
        (shop(replace(SMALL, gives={"teleport": True})), "does not declare"),
        (shop(replace(SMALL, gives={"export": 5})), "wrong amount"),
        (shop(replace(SMALL, gives={"calls": True})), "wrong amount"),
        (replace(SHOP, plans=(LARGE,)), "a trial of no plan"),
        (shop(replace(SMALL, prices=(*SMALL.prices, *SMALL.prices))), "two prices"),
        (
            replace(SHOP, entitlements=(*SHOP.entitlements, Entitlement(feature="export", title="-"))),
            "entitlement twice",
        ),
    ],
)
def test_a_declaration_that_contradicts_itself_stops_the_start(wrong, says):
    if says != "a trial of no plan":
        wrong = replace(wrong, trial_plan="")
    with pytest.raises(ValueError, match=says):
        configure([wrong])
