"""The published limits hold, per seller, kind of token and group of methods."""

from stock.simulators.wildberries.limits import Bucket, Rule, published
from stock.simulators.wildberries.methods import METHODS
from stock.simulators.wildberries.moments import HOUR, MINUTE, SECOND
from verf.kit import now


def test_every_simulated_method_has_a_published_limit():
    for method in METHODS:
        if method.path != "/ping":
            assert (method.host, method.verb, method.path) in published()


def test_limits_are_read_as_published():
    orders = published()["statistics-api", "GET", "/api/v1/supplier/orders"]
    assert orders.for_type("Service") == Rule(MINUTE, 10)
    assert orders.for_type("Base") == Rule(3 * HOUR, 1)
    stocks = published()["seller-analytics-api", "POST", "/api/analytics/v1/stocks-report/wb-warehouses"]
    assert stocks.for_type("Personal") == Rule(20 * SECOND, 1)


def test_a_bucket_gives_its_burst_then_one_per_interval():
    bucket, moment = Bucket(Rule(SECOND, 3)), 1000 * SECOND
    for left in (2, 1, 0):
        assert bucket.allowed_at(moment) == moment
        bucket.take(moment)
        assert bucket.remaining(moment) == left
    assert bucket.allowed_at(moment) == moment + SECOND
    assert bucket.allowed_at(moment + SECOND) == moment + SECOND
    assert bucket.remaining(moment + 10 * SECOND) == 3


async def test_a_refusal_says_when_to_come_back_and_means_it(wb):
    first = await wb.stocks()
    assert first.headers["X-Ratelimit-Remaining"] == "0"
    refused = await wb.stocks()
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert "X-Ratelimit-Remaining" not in refused.headers
    assert refused.headers["X-Ratelimit-Limit"] == "1"
    wait = int(refused.headers["X-Ratelimit-Retry"])
    assert wait == int(refused.headers["X-Ratelimit-Reset"]) == 20
    wb.wait(seconds=wait - 2)
    assert (await wb.stocks()).status_code == 429
    wb.wait(seconds=2)
    assert (await wb.stocks()).status_code == 200


async def test_two_tokens_of_one_seller_share_a_bucket_and_other_sellers_and_types_do_not(wb):
    assert (await wb.stocks()).status_code == 200
    assert (await wb.stocks(kind="writing")).status_code == 429
    assert (await wb.stocks(kind="personal")).status_code == 200
    await wb.control("POST", "/sellers", json={"alias": "tiny", "products": 3})
    assert (await wb.stocks(alias="tiny")).status_code == 200


async def test_methods_of_a_group_share_a_bucket(wb):
    path = "/api/v2/list/goods/filter"
    for _ in range(3):
        await wb.ask("GET", "discounts-prices-api", path, params={"limit": 1})
    answer = await wb.ask("POST", "discounts-prices-api", path, json={"nmList": [1]})
    assert int(answer.headers["X-Ratelimit-Remaining"]) <= 1


async def test_a_refused_request_in_marketplace_costs_ten(wb):
    good = await wb.ask("GET", "marketplace-api", "/api/v3/warehouses")
    assert good.headers["X-Ratelimit-Remaining"] == "19"
    for _ in range(2):
        bad = await wb.ask("POST", "marketplace-api", "/api/v3/stocks/1", json={"chrtIds": [1]})
        assert bad.status_code == 404
    assert bad.headers["X-Ratelimit-Remaining"] == "0"
    assert (await wb.ask("POST", "marketplace-api", "/api/v3/stocks/1", json={"chrtIds": [1]})).status_code == 429


async def test_a_base_token_waits_for_hours(wb):
    before = now()
    assert (await wb.orders(kind="base")).status_code == 200
    refused = await wb.orders(kind="base")
    passed = (now() - before).total_seconds()
    assert 10_800 - passed <= int(refused.headers["X-Ratelimit-Retry"]) <= 10_800
    wb.wait(hours=3)
    assert (await wb.orders(kind="base")).status_code == 200


async def test_ping_allows_ninety_nine_then_one_in_ten_seconds_on_each_host(wb):
    for _ in range(99):
        answer = await wb.ask("GET", "content-api", "/ping")
    assert answer.headers["X-Ratelimit-Remaining"] == "0"
    refused = await wb.ask("GET", "content-api", "/ping")
    assert (refused.status_code, refused.headers["X-Ratelimit-Retry"]) == (429, "10")
    assert (await wb.ask("GET", "statistics-api", "/ping")).status_code == 200


async def test_the_log_proves_who_came_too_early(wb):
    await wb.stocks()
    await wb.stocks()
    wb.wait(seconds=21)
    await wb.stocks()
    log = await wb.control("GET", "/requests?seller=small")
    assert [(entry["status"], entry["was_early"]) for entry in log] == [(200, False), (429, True), (200, False)]
    assert log[1]["at"] < log[1]["allowed_at"]
    assert log[0]["path"] == "/api/analytics/v1/stocks-report/wb-warehouses"
