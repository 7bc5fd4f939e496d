"""Cards: the cursor with its quirks, and the trash."""

from collections import Counter


async def walk(wb, *, limit: int, ascending: bool = True) -> list[dict]:
    await wb.without_limits()
    cards: list[dict] = []
    cursor: dict = {"limit": limit}
    while True:
        answer = (await wb.cards(cursor=cursor, ascending=ascending)).json()
        cards += answer["cards"]
        if answer["cursor"]["total"] < limit:
            return cards
        cursor = {"limit": limit} | {name: answer["cursor"][name] for name in ("updatedAt", "nmID")}


async def test_a_walk_in_either_direction_meets_every_card_once(wb):
    expected = {card["nm_id"] for card in await wb.control("GET", "/sellers/small/cards")}
    for ascending in (True, False):
        met = Counter(card["nmID"] for card in await walk(wb, limit=7, ascending=ascending))
        assert met.keys() == expected
        assert set(met.values()) == {1}


async def test_many_cards_share_one_moment_of_change(wb):
    moments = Counter(card["updatedAt"] for card in await walk(wb, limit=100))
    assert max(moments.values()) >= 3


async def test_the_default_page_has_ten_cards_and_more_than_a_hundred_is_refused(wb):
    assert (await wb.cards(cursor={})).json()["cursor"]["total"] == 10
    refused = await wb.cards(cursor={"limit": 101})
    assert refused.status_code == 400
    assert refused.json()["error"] is True


async def test_vendor_codes_are_of_every_awkward_kind(wb):
    codes = [card["vendorCode"] for card in await walk(wb, limit=100)]
    assert len(set(codes)) == len(codes)
    assert any(code.startswith("0") and code.isdigit() for code in codes)
    assert any("/" in code for code in codes)
    assert any("а" <= letter <= "я" for code in codes for letter in code.lower())


async def test_a_card_has_one_to_eight_sizes_with_one_to_three_barcodes(wb):
    cards = await walk(wb, limit=100)
    assert {1} <= {len(card["sizes"]) for card in cards} <= set(range(1, 9))
    assert all(1 <= len(size["skus"]) <= 3 for card in cards for size in card["sizes"])
    sizes = [size["chrtID"] for card in cards for size in card["sizes"]]
    assert len(set(sizes)) == len(sizes)


async def test_a_card_edited_during_a_descending_walk_is_met_twice_or_never(wb):
    await wb.without_limits()
    first = (await wb.cards(cursor={"limit": 50}, ascending=False)).json()
    seen = [card["nmID"] for card in first["cards"]]
    unseen = next(c["nm_id"] for c in await wb.control("GET", "/sellers/small/cards") if c["nm_id"] not in seen)
    await wb.control("POST", "/sellers/small/card", json={"nm_id": unseen, "title": "Новое имя"})
    second = (
        await wb.cards(cursor={"limit": 100, **{n: first["cursor"][n] for n in ("updatedAt", "nmID")}}, ascending=False)
    ).json()
    assert unseen not in [card["nmID"] for card in second["cards"]]
    newest = (await wb.cards(cursor={"limit": 1}, ascending=False)).json()["cards"][0]
    assert (newest["nmID"], newest["title"]) == (unseen, "Новое имя")


async def test_an_ascending_walk_goes_on_later_from_the_kept_cursor(wb):
    cursor = (await wb.cards()).json()["cursor"]
    nm_id = (await wb.control("GET", "/sellers/small/cards"))[0]["nm_id"]
    await wb.control("POST", "/sellers/small/card", json={"nm_id": nm_id, "brand": "Иная"})
    later = await wb.cards(cursor={"limit": 100, "updatedAt": cursor["updatedAt"], "nmID": cursor["nmID"]})
    assert [card["brand"] for card in later.json()["cards"] if card["nmID"] == nm_id] == ["Иная"]


async def test_a_card_in_the_trash_is_only_in_the_trash_and_keeps_its_past_orders(wb):
    await wb.without_limits()
    orders = (await wb.orders()).json()
    nm_id = Counter(order["nmId"] for order in orders).most_common(1)[0][0]
    await wb.control("POST", "/sellers/small/trash", json={"nm_id": nm_id})
    assert nm_id not in {card["nmID"] for card in await walk(wb, limit=100)}
    trash = await wb.ask(
        "POST", "content-api", "/content/v2/get/cards/trash", json={"settings": {"cursor": {"limit": 100}}}
    )
    assert [card["nmID"] for card in trash.json()["cards"]] == [nm_id]
    assert any(order["nmId"] == nm_id for order in (await wb.orders()).json())
    assert not any(row["nm_id"] == nm_id for row in await wb.control("GET", "/sellers/small/truth"))
    await wb.control("POST", "/sellers/small/recover", json={"nm_id": nm_id})
    assert nm_id in {card["nmID"] for card in await walk(wb, limit=100)}


async def test_a_body_that_is_no_json_is_refused(wb):
    answer = await wb.ask("POST", "content-api", "/content/v2/get/cards/list", content=b"{nonsense")
    assert answer.status_code == 400
