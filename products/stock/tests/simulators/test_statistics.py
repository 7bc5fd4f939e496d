"""Orders and sales: boundaries that repeat, rows that come again, half-hourly visibility."""

from collections import Counter
from datetime import datetime

NEVER = "0001-01-01T00:00:00"


async def walk(wb, read, since: str = "2026-01-01") -> list[dict]:
    await wb.without_limits()
    rows: list[dict] = []
    for _ in range(60):
        page = (await read(since)).json()
        rows += page
        if not page or page[-1]["lastChangeDate"] == since:
            return rows
        since = page[-1]["lastChangeDate"]
    raise AssertionError("the walk does not end")


async def test_a_walk_in_cut_pages_meets_every_order_and_repeats_each_boundary(wb):
    await wb.without_limits()
    whole = (await wb.orders()).json()
    await wb.control("PATCH", "/settings", json={"row_cut": 500})
    rows = await walk(wb, wb.orders)
    assert len(rows) > len(whole)
    assert {row["srid"] for row in rows} == {row["srid"] for row in whole}


async def test_more_rows_of_one_moment_than_the_cut_stop_the_walk(wb):
    await wb.without_limits()
    await wb.control("PATCH", "/settings", json={"row_cut": 1})
    first = (await wb.orders()).json()
    assert (await wb.orders(first[-1]["lastChangeDate"])).json() == first


async def test_an_empty_list_ends(wb):
    assert (await wb.orders("2027-01-01")).json() == []


async def test_moments_are_naive_and_their_fractions_vary(wb):
    rows = (await wb.orders()).json()
    fractions = {len(row["lastChangeDate"].partition(".")[2]) for row in rows}
    assert {0, 1, 3} <= fractions
    assert all(datetime.fromisoformat(row["lastChangeDate"]).tzinfo is None for row in rows)
    assert [row["lastChangeDate"] for row in rows if "." not in row["lastChangeDate"]]


async def test_flag_one_gives_a_whole_moscow_day(wb):
    await wb.without_limits()
    rows = (await wb.orders("2026-11-20T15:30:00", params={"flag": 1})).json()
    assert {row["date"][:10] for row in rows} == {"2026-11-20"}
    truth = (await wb.control("GET", "/sellers/small/truth/orders"))["days"]
    assert len(rows) == next(day["orders"] for day in truth if day["day"] == "2026-11-20")


async def test_one_row_is_one_unit_and_baskets_hold_several(wb):
    rows = (await wb.orders()).json()
    assert max(Counter(row["srid"] for row in rows).values()) == 1
    assert max(Counter(row["gNumber"] for row in rows).values()) > 1


async def test_cancellations_have_a_date_and_the_rest_the_zero_date(wb):
    rows = (await wb.orders()).json()
    assert all((row["cancelDate"] == NEVER) != row["isCancel"] for row in rows)
    assert any(row["isCancel"] for row in rows)


async def test_a_status_change_delivers_the_same_order_again_with_a_newer_date(wb):
    await wb.without_limits()
    before = {row["srid"]: row["lastChangeDate"] for row in (await wb.orders()).json()}
    last = max(before.values())
    wb.wait(days=2)
    again = [row for row in (await wb.orders(last)).json() if row["srid"] in before]
    assert len(again) > 10
    assert all(row["lastChangeDate"] >= before[row["srid"]] for row in again)


async def test_nothing_changes_between_refreshes_and_all_at_the_half_hour(wb):
    await wb.without_limits()
    at_five_past = (await wb.orders()).content
    wb.wait(minutes=20)
    assert (await wb.orders()).content == at_five_past
    wb.wait(minutes=6)
    assert (await wb.orders()).content != at_five_past


async def test_a_sale_and_its_return_share_the_order_id(wb):
    rows = (await wb.sales()).json()
    sold = {row["srid"] for row in rows if row["saleID"].startswith("S")}
    returned = {row["srid"] for row in rows if row["saleID"].startswith("R")}
    assert returned
    assert returned < sold
    ids = [row["saleID"] for row in rows]
    assert len(set(ids)) == len(ids)


async def test_prices_of_fresh_sales_may_be_zero_for_a_day_and_are_filled_later(wb):
    await wb.without_limits()
    unpriced = {row["saleID"] for row in (await wb.sales()).json() if row["priceWithDisc"] == 0}
    assert unpriced
    wb.wait(hours=25)
    filled = {row["saleID"]: row["priceWithDisc"] for row in (await wb.sales()).json()}
    assert all(filled[sale] > 0 for sale in unpriced)


async def test_orders_are_forgotten_after_ninety_days(wb):
    await wb.without_limits()
    before = (await wb.orders()).json()
    assert min(row["date"] for row in before) >= "2026-09-02"
    wb.wait(days=10)
    after = {row["srid"] for row in (await wb.orders()).json()}
    assert {row["srid"] for row in before} - after


async def test_an_order_paid_late_appears_with_its_old_date(wb):
    rows = (await wb.orders()).json()
    late = [row for row in rows if not row["isCancel"] and row["lastChangeDate"][:10] > row["date"][:10]]
    assert late


async def test_an_order_may_name_a_warehouse_that_is_in_no_list(wb):
    own = {warehouse["name"] for warehouse in (await wb.ask("GET", "marketplace-api", "/api/v3/warehouses")).json()}
    named = {row["warehouseName"] for row in (await wb.orders()).json() if row["warehouseType"] == "Склад продавца"}
    assert own < named


async def test_counts_by_day_equal_the_truth(wb):
    await wb.without_limits()
    truth = await wb.control("GET", "/sellers/small/truth/orders")
    orders, sales = (await wb.orders()).json(), (await wb.sales()).json()
    by_day = Counter(row["date"][:10] for row in orders)
    cancelled = Counter(row["date"][:10] for row in orders if row["isCancel"])
    sold = Counter(row["date"][:10] for row in sales if row["saleID"][0] == "S")
    returned = Counter(row["date"][:10] for row in sales if row["saleID"][0] == "R")
    for day in truth["days"]:
        counted = [found[day["day"]] for found in (by_day, cancelled, sold, returned)]
        assert counted == [day["orders"], day["cancelled"], day["sales"], day["returns"]]
    assert truth["totals"]["orders"] == len(orders)


async def test_a_missing_or_senseless_date_is_refused_in_two_shapes(wb):
    await wb.without_limits()
    path = "/api/v1/supplier/orders"
    missing = await wb.ask("GET", "statistics-api", path)
    senseless = await wb.ask("GET", "statistics-api", path, params={"dateFrom": "yesterday"})
    assert (missing.status_code, missing.json()) == (400, {"errors": ["dateFrom: field required"]})
    assert (senseless.status_code, senseless.json()) == (400, {"errors": "dateFrom: Value not validated"})


async def test_the_replayed_seller_sells_the_real_order_lines(wb):
    await wb.without_limits()
    orders = (await wb.orders(alias="replay")).json()
    cards = {card["nm_id"]: card for card in await wb.control("GET", "/sellers/replay/cards?limit=10000")}
    assert len(cards) == 2009
    favourites = [cards[nm]["vendor_code"] for nm, _ in Counter(row["nmId"] for row in orders).most_common(15)]
    assert "85123A" in favourites
    sundays = sum(datetime.fromisoformat(row["date"]).weekday() == 6 for row in orders)
    assert sundays / len(orders) > 0.18
    assert max(Counter(row["gNumber"] for row in orders).values()) > 20
