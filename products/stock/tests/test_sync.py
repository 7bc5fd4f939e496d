from market_place import connect, count, stock_of, until_finished


async def test_a_first_sync_knows_everything_the_marketplace_knows(market, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    run = await until_finished(tenant)
    assert (run.state, run.first_error) == ("ok", None)
    assert await stock_of(tenant) == market.truth(seller)
    assert await count(tenant, "products") == 12
    assert await count(tenant, "orders") == market.orders(seller)["orders"]
    assert await count(tenant, "outlooks") == 12
    assert market.early_requests() == []
