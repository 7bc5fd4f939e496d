"""Prices: paged by offset until an empty page, and by article."""

PATH = "/api/v2/list/goods/filter"
HOST = "discounts-prices-api"


async def page(wb, limit: int, offset: int) -> list[dict]:
    answer = await wb.ask("GET", HOST, PATH, params={"limit": limit, "offset": offset})
    assert answer.status_code == 200
    return answer.json()["data"]["listGoods"]


async def test_pages_end_with_an_empty_one(wb):
    await wb.without_limits()
    goods = await page(wb, 60, 0) + await page(wb, 60, 60)
    assert len({good["nmID"] for good in goods}) == 100
    assert await page(wb, 60, 120) == []


async def test_a_card_thrown_away_between_pages_shifts_the_rest(wb):
    await wb.without_limits()
    first = await page(wb, 50, 0)
    await wb.control("POST", "/sellers/small/trash", json={"nm_id": first[0]["nmID"]})
    met = {good["nmID"] for good in first + await page(wb, 50, 50)}
    assert len(met) == 99


async def test_the_discounted_price_follows_the_discount(wb):
    for good in await page(wb, 100, 0):
        for size in good["sizes"]:
            assert size["discountedPrice"] == round(size["price"] * (100 - good["discount"]) / 100, 2)
        assert "isBadTurnover" not in good


async def test_prices_by_article(wb):
    nm_id = (await wb.control("GET", "/sellers/small/cards"))[3]["nm_id"]
    answer = await wb.ask("POST", HOST, PATH, json={"nmList": [nm_id, 1]})
    assert [good["nmID"] for good in answer.json()["data"]["listGoods"]] == [nm_id]


async def test_a_price_change_does_not_touch_the_card(wb):
    card = (await wb.cards(cursor={"limit": 1}, ascending=False)).json()["cards"][0]
    await wb.control("POST", "/sellers/small/card", json={"nm_id": card["nmID"], "price": 4321, "discount": 0})
    good = (await wb.ask("POST", HOST, PATH, json={"nmList": [card["nmID"]]})).json()["data"]["listGoods"][0]
    assert {size["price"] for size in good["sizes"]} == {4321}
    assert (await wb.cards(cursor={"limit": 1}, ascending=False)).json()["cards"][0]["updatedAt"] == card["updatedAt"]


async def test_a_page_without_a_limit_is_refused(wb):
    for params in ({}, {"limit": 1001}, {"limit": 10, "offset": -1}, {"limit": "many"}):
        answer = await wb.ask("GET", HOST, PATH, params=params)
        assert answer.status_code == 400
        assert answer.json()["error"] is True
