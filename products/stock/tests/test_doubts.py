"""A broken answer may be whole in form and empty. What lay there stays until the marketplace has said so for long."""

from datetime import timedelta

import pytest
from market_place import connect, count, pass_time, stock_of, until_finished

from stock.models import Connection
from stock.simulators.wildberries import control
from stock.sync import start_run
from stock.sync.doubts import is_doubtful
from stock.wildberries.rows import Level
from stock.words import note_of
from verf.database import transaction
from verf.jobs import shift
from verf.kit import advance

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def still(market):
    """A shop that sells nothing, with goods in each warehouse: only the answers about it change."""
    shop = market.seller("still", products=60, orders_a_day=0)
    for warehouse in control.world(market.gateway, market.gateway.sellers.find(shop.id))["warehouses"]:
        fill(market, shop, 30, warehouse_id=warehouse["id"])
    return shop


def fill(market, shop, quantity, **where):
    """Put so many of everything into one warehouse, at Wildberries when none is named."""
    seller = market.gateway.sellers.find(shop.id)
    for card in control.list_cards(market.gateway, seller, limit=1000, offset=0):
        change = control.StockChange(nm_id=card["nm_id"], quantity=quantity, **where)
        control.set_stock(market.gateway, seller, change)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0, 0, False),
        (1, 0, True),
        (3, 0, True),
        (100, 0, True),
        (3, 1, False),
        (10, 7, False),
        (10, 6, True),
        (100, 71, False),
        (100, 69, True),
    ],
)
def test_many_sizes_gone_at_once_or_all_of_them_are_doubted(before, after, expected):
    known = {(size, "wb:1") for size in range(before)}
    levels = [Level(1, size, "wb:1", 5, 0, 0) for size in range(after)]
    assert is_doubtful(known, levels, 0.3) is expected


async def sync(tenant, connection):
    """One more run, by hand, to its end."""
    async with transaction(organisation=tenant.organisation) as session:
        await start_run(session, await session.get_one(Connection, connection), trigger="manual")
    return await until_finished(tenant)


async def wait(by):
    """Time goes by and nobody looks."""
    advance(by)
    await shift(by)


@pytest.mark.parametrize(
    ("token", "kind", "products"),
    [
        ("service", "empty", 1),
        ("service", "empty", 12),
        ("base", "empty", 1),
        ("base", "empty", 12),
        ("base", "short", 12),
    ],
)
async def test_an_answer_without_its_rows_takes_nothing_away(market, tenant, token, kind, products):
    shop = market.seller("still", products=products, orders_a_day=0, warehouses=1)
    connection = await connect(tenant, shop.tokens[token])
    await until_finished(tenant)
    known = await stock_of(tenant)
    assert known
    await wait(timedelta(hours=3))
    market.fault(kind, path="*stock*")
    market.fault(kind, path="*remains*")
    run = await sync(tenant, connection)
    assert run.state == "partial"
    assert "said so for an hour" in note_of(run.steps["stocks"])
    assert await stock_of(tenant) == known
    control.clear_faults(market.gateway)
    await wait(timedelta(hours=3))
    assert (await sync(tenant, connection)).state == "ok"
    assert await stock_of(tenant) == known
    assert await count(tenant, "doubts") == 0


@pytest.mark.parametrize("kind", ["empty", "no-content"])
async def test_an_empty_answer_is_not_confirmed_by_the_same_again(market, tenant, still, kind):
    connection = await connect(tenant, still.tokens["service"])
    await until_finished(tenant)
    known = await stock_of(tenant)
    market.fault(kind, path="/api/analytics/*")
    for _minutes in range(4):
        await wait(timedelta(minutes=10))
        assert (await sync(tenant, connection)).state == "partial"
        assert await stock_of(tenant) == known


async def test_one_whole_answer_between_them_dispels_the_doubt(market, tenant, still):
    connection = await connect(tenant, still.tokens["service"])
    await until_finished(tenant)
    known = await stock_of(tenant)
    for state in ("partial", "partial", "ok", "partial", "partial"):
        control.clear_faults(market.gateway)
        if state == "partial":
            market.fault("empty", path="*stocks*")
        await wait(HALF_AN_HOUR)
        assert (await sync(tenant, connection)).state == state
        assert await stock_of(tenant) == known


async def test_a_list_without_warehouses_takes_nothing_away(market, tenant, still):
    connection = await connect(tenant, still.tokens["service"])
    await until_finished(tenant)
    known = await stock_of(tenant)
    for kind in ("short", "empty"):
        market.fault(kind, path="/api/v3/warehouses")
        await wait(HALF_AN_HOUR)
        run = await sync(tenant, connection)
        assert (run.state, run.steps["seller_stocks"]["note"]) == ("partial", "doubtful")
        assert await stock_of(tenant) == known
        control.clear_faults(market.gateway)
    await wait(HALF_AN_HOUR)
    assert (await sync(tenant, connection)).state == "ok"


async def test_an_own_warehouse_that_tells_nothing_keeps_its_goods_for_an_hour(market, tenant, still):
    connection = await connect(tenant, still.tokens["service"])
    await until_finished(tenant)
    known = await stock_of(tenant)
    market.fault("empty", path="/api/v3/stocks/*")
    for _run in range(2):
        await wait(HALF_AN_HOUR)
        run = await sync(tenant, connection)
        assert (run.state, run.steps["seller_stocks"]["note"]) == ("partial", "doubtful")
        assert await stock_of(tenant) == known
    await wait(HALF_AN_HOUR)
    assert (await sync(tenant, connection)).state == "ok"
    assert {warehouse for _, warehouse in await stock_of(tenant)} == {-999999}


async def test_a_shop_that_sold_out_is_believed_after_an_hour(market, tenant, still):
    connection = await connect(tenant, still.tokens["service"])
    await until_finished(tenant)
    known = await stock_of(tenant)
    fill(market, still, 0)
    await wait(HALF_AN_HOUR)
    for _run in range(2):
        await wait(HALF_AN_HOUR)
        assert (await sync(tenant, connection)).state == "partial"
        assert await stock_of(tenant) == known
    await wait(HALF_AN_HOUR)
    assert (await sync(tenant, connection)).state == "ok"
    assert await stock_of(tenant) == market.truth(still)
    assert -999999 not in {warehouse for _, warehouse in await stock_of(tenant)}
    assert await count(tenant, "doubts") == 0


async def test_left_to_the_schedule_a_doubt_ends_by_itself(market, tenant, still):
    await connect(tenant, still.tokens["service"])
    await until_finished(tenant)
    fill(market, still, 0)
    await pass_time(timedelta(hours=2, minutes=30))
    assert await stock_of(tenant) == market.truth(still)
    assert await count(tenant, "doubts") == 0


async def test_what_a_doubtful_answer_does_tell_is_taken(market, tenant):
    shop = market.seller("still", products=60, orders_a_day=0, warehouses=0)
    connection = await connect(tenant, shop.tokens["base"])
    await until_finished(tenant)
    known = await stock_of(tenant)
    fill(market, shop, 777)
    market.fault("short", path="*/download")
    await wait(timedelta(hours=3))
    assert (await sync(tenant, connection)).state == "partial"
    partial = await stock_of(tenant)
    assert partial.keys() >= known.keys()
    assert {777} < set(partial.values())
    control.clear_faults(market.gateway)
    await wait(timedelta(hours=3))
    assert (await sync(tenant, connection)).state == "ok"
    assert set((await stock_of(tenant)).values()) == {777}
