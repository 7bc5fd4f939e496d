"""A world depends on its seed and the changes made by hand; units are never made or lost; it is quick."""

from datetime import UTC, datetime

import numpy as np

from stock.simulators.wildberries.moments import DAY, HOUR, MINUTE, SECOND, day_start, moment_of, moscow_day
from stock.simulators.wildberries.replay import lines_of, retail_goods
from stock.simulators.wildberries.sellers import Spec, make_shop
from stock.simulators.wildberries.shelves import WB

START = day_start(moscow_day(moment_of(datetime(2026, 9, 1, tzinfo=UTC))))
SPEC = Spec("test", "Тест", 40, 60)


def shop_after(*steps: int):
    shop = make_shop(SPEC, START)
    for step in steps:
        shop.advance(shop.at + step)
    return shop


def test_however_time_is_cut_the_world_is_the_same():
    whole = shop_after(9 * DAY)
    pieces = shop_after(
        *[7 * HOUR + 13 * MINUTE + 7 * SECOND + 1] * 29, 9 * DAY - 29 * (7 * HOUR + 13 * MINUTE + 7 * SECOND + 1)
    )
    assert pieces.at == whole.at
    assert (pieces.orders.table() == whole.orders.table()).all()
    assert (pieces.shelf == whole.shelf).all()
    assert (pieces.view.shelf == whole.view.shelf).all()
    assert [card.updated_at for card in pieces.catalogue.cards] == [card.updated_at for card in whole.catalogue.cards]


def test_units_are_conserved_through_everything():
    shop = shop_after(20 * DAY)
    shop.set_stock(0, WB, 500)
    shop.set_demand(shop.catalogue.cards[0], 30)
    shop.trash(shop.catalogue.cards[1])
    shop.advance(shop.at + 40 * DAY)
    assert shop.is_balanced()
    assert shop.written_off.sum() > 0
    shop.shelf[WB, 5] += 1
    assert not shop.is_balanced()


def test_goods_run_out_are_missed_and_come_back():
    shop = shop_after(95 * DAY)
    assert sum(int(day.lost.sum()) for day in shop.days.values()) > 0
    closes = np.array([day.close[WB] for day in shop.days.values()])
    ran_out = (closes == 0).any(axis=0)
    came_back = (closes[1:] > closes[:-1] + 5).any(axis=0)
    assert (ran_out & came_back).any()


def test_a_card_in_demand_sells_faster_at_once():
    slow, fast = shop_after(10 * DAY + 9 * HOUR), shop_after(10 * DAY + 9 * HOUR)
    card = max(fast.catalogue.cards, key=lambda card: fast.appetite.rate[list(card.size_numbers)].sum())
    for shop in (slow, fast):
        for size in card.size_numbers:
            shop.set_stock(size, WB, 100_000)
    fast.set_demand(card, 50)
    left = []
    for shop in (slow, fast):
        shop.advance(shop.at + 6 * HOUR)
        left.append(int(shop.shelf[WB, list(card.size_numbers)].sum()))
    assert left[1] < left[0] - 20


def test_the_replay_plays_every_line_once_in_four_weeks_on_a_like_day():
    played = [line for day in range(28) for line in lines_of(day)]
    assert len(played) == 9_962
    assert len({line.good for line in played}) == len(retail_goods())
    assert lines_of(5) == lines_of(5 + 28)


async def test_a_seller_of_ten_thousand_is_made_and_moved_by_35_days(wb):
    await wb.without_limits()
    assert (await wb.stocks(alias="large")).status_code == 200
    wb.wait(days=35)
    answer = await wb.stocks(alias="large")
    rows = answer.json()["data"]["items"]
    assert len(rows) > 15_000
    truth = await wb.control("GET", "/sellers/large/truth?zeros=false")
    expected = {row["chrt_id"]: row["quantity"] for row in truth if row["warehouse_id"] == -999999}
    assert {row["chrtId"]: row["quantity"] for row in rows if row["quantity"]} == expected


async def test_a_restart_finds_the_same_world_with_its_changes(wb, restarted):
    await wb.without_limits()
    cards = await wb.control("GET", "/sellers/small/cards")
    await wb.control("POST", "/sellers", json={"alias": "fresh", "products": 7, "maximum_sizes": 2})
    await wb.control("POST", "/sellers/small/stock", json={"nm_id": cards[0]["nm_id"], "quantity": 900})
    wb.wait(hours=5)
    await wb.control("POST", "/sellers/small/demand", json={"nm_id": cards[1]["nm_id"], "factor": 20})
    await wb.control("POST", "/sellers/small/card", json={"nm_id": cards[2]["nm_id"], "title": "Переименовано"})
    await wb.control("POST", "/sellers/small/trash", json={"nm_id": cards[3]["nm_id"]})
    wb.wait(days=3)
    before = await wb.stocks(), (await wb.orders()).json(), await wb.control("GET", "/sellers/small/cards")
    again = await restarted()
    await again.without_limits()
    assert (await again.stocks()).json() == before[0].json()
    assert (await again.orders()).json() == before[1]
    assert await again.control("GET", "/sellers/small/cards") == before[2]
    assert (await again.seller("fresh"))["products"] == 7


async def test_a_paused_world_stands_still_while_limits_refill(wb):
    await wb.control("POST", "/pause")
    before = await wb.stocks()
    wb.wait(hours=3)
    assert (await wb.stocks()).json() == before.json()
    await wb.control("DELETE", "/pause")
    wb.wait(seconds=30)
    assert (await wb.stocks()).json() != before.json()


async def test_sellers_are_of_the_promised_sizes(wb):
    sellers = await wb.control("GET", "/sellers")
    assert [seller["products"] for seller in sellers] == [100, 1000, 10000, 2009]
    assert all({"service", "base", "personal", "expired", "test"} <= seller["tokens"].keys() for seller in sellers)


async def test_ninety_days_of_history_exist_at_the_beginning(wb):
    days = (await wb.control("GET", "/sellers/small/truth/orders"))["days"]
    assert days[0]["day"] <= "2026-09-03"
    assert len(days) >= 90


async def test_what_does_not_exist_is_not_found_and_senseless_changes_are_refused(wb):
    for path, body, status in (
        ("/sellers/nobody/stock", {"nm_id": 1, "quantity": 1}, 404),
        ("/sellers/small/stock", {"nm_id": 1, "quantity": 1}, 404),
        ("/sellers/small/stock", {"quantity": 1}, 422),
        ("/sellers/small/stock", {"nm_id": 1, "quantity": -1}, 422),
        ("/sellers", {"alias": "small"}, 422),
        ("/sellers/small/demand", {"nm_id": 1, "factor": 2, "mood": 1}, 422),
    ):
        answer = await wb.client.post(f"/sandbox/api/wildberries{path}", json=body)
        assert answer.status_code == status, path
