"""Stock reports: rows, pages, refreshes, and the truth beside them."""


async def rows_of(wb, which: str = "wb-warehouses", **options) -> list[dict]:
    answer = await wb.stocks(which, **options)
    return answer.json()["data"]["items"] if answer.status_code == 200 else []


async def test_the_report_equals_the_truth_for_every_size(wb):
    truth = {
        row["chrt_id"]: row["quantity"]
        for row in await wb.control("GET", "/sellers/small/truth")
        if row["warehouse_id"] == -999999
    }
    found = {row["chrtId"]: row["quantity"] for row in await rows_of(wb)}
    assert {size: found.get(size, 0) for size in truth} == truth
    assert found.keys() <= truth.keys()


async def test_sizes_with_nothing_have_no_row(wb):
    for row in await rows_of(wb):
        assert row["quantity"] or row["inWayToClient"] or row["inWayFromClient"]


async def test_warehouses_are_hidden_since_note_570_and_named_before(wb):
    await wb.without_limits()
    hidden = await rows_of(wb)
    assert {(row["warehouseId"], row["warehouseName"], row["regionName"]) for row in hidden} == {
        (-999999, "Склад WB", "Склад WB")
    }
    await wb.control("PATCH", "/settings", json={"hides_warehouses": False})
    named = await rows_of(wb)
    assert len({row["warehouseId"] for row in named}) > 3
    assert sum(row["quantity"] for row in named) == sum(row["quantity"] for row in hidden)


async def test_pages_cover_all_rows_once(wb):
    await wb.without_limits()
    whole = await rows_of(wb)
    parts = await rows_of(wb, body={"limit": 100}) + await rows_of(wb, body={"limit": 250_000, "offset": 100})
    assert parts == whole
    assert await rows_of(wb, body={"offset": 100_000}) == []


async def test_a_refresh_between_pages_loses_a_row(wb):
    await wb.without_limits()
    whole = await rows_of(wb)
    await wb.fault("refresh-between-pages")
    parts = await rows_of(wb, body={"limit": 100}) + await rows_of(wb, body={"offset": 100})
    assert len(parts) < len(whole)


async def test_articles_filter_rows_and_too_many_are_refused(wb):
    await wb.without_limits()
    nm_id = (await rows_of(wb))[0]["nmId"]
    assert {row["nmId"] for row in await rows_of(wb, body={"nmIds": [nm_id]})} == {nm_id}
    refused = await wb.stocks(body={"nmIds": list(range(1001))})
    assert refused.status_code == 400
    assert refused.json().keys() == {"title", "detail", "requestId", "origin"}


async def test_figures_change_only_at_the_half_hour(wb):
    await wb.without_limits()
    nm_id = (await rows_of(wb))[0]["nmId"]
    await wb.control("POST", "/sellers/small/stock", json={"nm_id": nm_id, "quantity": 7777})
    assert 7777 not in {row["quantity"] for row in await rows_of(wb)}
    assert 7777 not in {row["quantity"] for row in await wb.control("GET", "/sellers/small/truth")}
    wb.wait(minutes=26)
    assert {row["quantity"] > 7700 for row in await rows_of(wb, body={"nmIds": [nm_id]})} == {True}


async def test_own_warehouses_are_live_by_marketplace_and_late_in_the_report(wb):
    await wb.without_limits()
    warehouse = (await wb.ask("GET", "marketplace-api", "/api/v3/warehouses")).json()[0]["id"]
    row = next(row for row in await rows_of(wb, "seller-warehouses") if row["warehouseId"] == warehouse)
    change = {"chrt_id": row["chrtId"], "warehouse_id": warehouse, "quantity": 4321}
    await wb.control("POST", "/sellers/small/stock", json=change)
    live = await wb.ask("POST", "marketplace-api", f"/api/v3/stocks/{warehouse}", json={"chrtIds": [row["chrtId"]]})
    assert live.json()["stocks"] == [{"chrtId": row["chrtId"], "amount": 4321}]
    assert 4321 not in {row["quantity"] for row in await rows_of(wb, "seller-warehouses")}
    for own, expected in (("live", True), ("report", False)):
        truth = await wb.control("GET", f"/sellers/small/truth?own={own}")
        assert (4321 in {row["quantity"] for row in truth if row["chrt_id"] == row["chrt_id"]}) is expected


async def test_own_stocks_equal_the_live_truth_for_every_size_and_warehouse(wb):
    await wb.without_limits()
    await wb.control("POST", "/pause")
    truth = {
        (row["warehouse_id"], row["chrt_id"]): row["quantity"]
        for row in await wb.control("GET", "/sellers/small/truth")
    }
    sizes = sorted({chrt for _, chrt in truth})
    found = {}
    for warehouse in (await wb.ask("GET", "marketplace-api", "/api/v3/warehouses")).json():
        for start in range(0, len(sizes), 1000):
            body = {"chrtIds": sizes[start : start + 1000]}
            answer = await wb.ask("POST", "marketplace-api", f"/api/v3/stocks/{warehouse['id']}", json=body)
            found |= {(warehouse["id"], row["chrtId"]): row["amount"] for row in answer.json()["stocks"]}
    assert found == {key: quantity for key, quantity in truth.items() if key[0] != -999999}


async def test_a_seller_without_own_warehouses_gets_no_content(wb):
    await wb.control("POST", "/sellers", json={"alias": "fbw-only", "products": 5, "warehouses": 0})
    answer = await wb.stocks("seller-warehouses", alias="fbw-only")
    assert (answer.status_code, answer.content) == (204, b"")


async def test_skus_are_no_longer_understood(wb):
    warehouse = (await wb.ask("GET", "marketplace-api", "/api/v3/warehouses")).json()[0]["id"]
    answer = await wb.ask("POST", "marketplace-api", f"/api/v3/stocks/{warehouse}", json={"skus": ["1"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "SKUUploadDisabled")


async def test_the_removed_stock_method_is_not_found(wb):
    answer = await wb.ask("GET", "statistics-api", "/api/v1/supplier/stocks", params={"dateFrom": "2026-01-01"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "path not found"
