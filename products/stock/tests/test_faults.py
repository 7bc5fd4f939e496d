"""Whatever the marketplace does, in the end we know what it knows, and at no moment did we believe a broken answer."""

import random
from datetime import timedelta

import pytest
from market_place import connect, count, days_of, last_run, pass_time, stock_of, until_finished

from stock.models import Connection
from stock.simulators.wildberries import control
from stock.simulators.wildberries.places import HIDDEN_ID
from verf.database import transaction
from verf.kit import now

HALF_HOUR = timedelta(minutes=30)
FAULTS = ("429", "500", "html", "truncated", "slow", "duplicates", "401", "402", "reset")


async def test_a_base_token_reads_the_slow_report(market, tenant, seller):
    """It shows what the quick one showed a half hour ago."""
    shown = market.truth(seller)
    await pass_time(HALF_HOUR - timedelta(seconds=now().timestamp() % HALF_HOUR.total_seconds()), step=HALF_HOUR)
    await connect(tenant, seller.tokens["base"])
    run = await until_finished(tenant)
    assert run.state == "ok", run.first_error
    by_size: dict[int, int] = {}
    for (chrt_id, warehouse), quantity in (await stock_of(tenant)).items():
        if warehouse is None:
            by_size[chrt_id] = by_size.get(chrt_id, 0) + quantity
    assert by_size == {chrt_id: quantity for (chrt_id, warehouse), quantity in shown.items() if warehouse == HIDDEN_ID}
    assert market.early_requests() == []


async def test_a_refused_token_pauses_the_shop_and_is_told_once(market, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    await until_finished(tenant)
    known = await stock_of(tenant)
    market.fault("401", for_seconds=3 * 3600)
    await pass_time(timedelta(hours=2))
    async with transaction(organisation=tenant.organisation) as session:
        shop = await session.get(Connection, (await last_run(tenant)).connection)
        assert shop is not None
        assert (shop.state, shop.state_reason) == ("invalid", "token-refused")
    assert await stock_of(tenant) == known
    assert await count(tenant, "sync_runs") == 2
    await pass_time(timedelta(hours=7), step=timedelta(minutes=30))
    control.pause(market.gateway)
    await pass_time(timedelta(minutes=40))
    assert await stock_of(tenant) == market.truth(seller)


async def test_half_an_answer_never_empties_the_shelves(market, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    await until_finished(tenant)
    known = {key for key, quantity in (await stock_of(tenant)).items() if quantity > 20}
    market.fault("truncated", rate=0.5, for_seconds=3600)
    market.fault("500", rate=0.5, for_seconds=3600)
    await pass_time(timedelta(minutes=50))
    assert known <= (await stock_of(tenant)).keys()


@pytest.mark.parametrize("seed", range(3))
async def test_after_any_faults_the_stock_is_the_truth(market, tenant, seller, seed):
    dice = random.Random(seed)
    await connect(tenant, seller.tokens["service"])
    for _hour in range(3):
        for kind in dice.sample(FAULTS, 3):
            market.fault(kind, rate=dice.choice((0.2, 0.5, 1.0)), for_seconds=dice.choice((60, 600, 1500)), seconds=1.0)
        await pass_time(timedelta(hours=1), step=timedelta(minutes=2))
    await pass_time(timedelta(hours=8), step=timedelta(minutes=10))
    # The last refresh may be younger than the last sync: look once more, while the world stands still.
    control.pause(market.gateway)
    await pass_time(timedelta(minutes=40))
    assert await stock_of(tenant) == market.truth(seller)
    expected, found = market.days(seller), await days_of(tenant)
    assert {day: found.get(day, ())[: len(counts)] for day, counts in expected.items()} == expected
    assert market.early_requests() == []
