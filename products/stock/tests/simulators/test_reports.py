"""Reports made on order: what remains, and the history of stocks as a zipped file."""

import csv
import io
import zipfile
from uuid import uuid4

HOST = "seller-analytics-api"
REMAINS = "/api/v1/warehouse_remains"
DOWNLOADS = "/api/v2/nm-report/downloads"
ALL_GROUPS = dict.fromkeys(("groupByNm", "groupBySize", "groupByBarcode", "groupBySa"), "true")


async def order_remains(wb, **params) -> str:
    await wb.without_limits()
    answer = await wb.ask("GET", HOST, REMAINS, params=params or ALL_GROUPS)
    return answer.json()["data"]["taskId"]


async def status_of(wb, task: str) -> str:
    return (await wb.ask("GET", HOST, f"{REMAINS}/tasks/{task}/status")).json()["data"]["status"]


async def test_remains_are_ready_after_a_while_and_purged_later(wb):
    task = await order_remains(wb)
    assert await status_of(wb, task) == "new"
    assert (await wb.ask("GET", HOST, f"{REMAINS}/tasks/{task}/download")).status_code == 404
    wb.wait(seconds=12)
    assert await status_of(wb, task) == "processing"
    wb.wait(seconds=10)
    assert await status_of(wb, task) == "done"
    assert (await wb.ask("GET", HOST, f"{REMAINS}/tasks/{task}/download")).status_code == 200
    wb.wait(hours=3)
    assert await status_of(wb, task) == "purged"


async def test_remains_mix_sums_with_warehouses(wb):
    task = await order_remains(wb)
    wb.wait(seconds=21)
    rows = (await wb.ask("GET", HOST, f"{REMAINS}/tasks/{task}/download")).json()
    names = {place["warehouseName"] for row in rows for place in row["warehouses"]}
    assert {
        "В пути до получателей",
        "В пути возвраты на склад WB",
        "Всего находится на складах",
        "Склад WB РФ",
    } <= names
    for row in rows:
        places = {place["warehouseName"]: place["quantity"] for place in row["warehouses"]}
        real = sum(quantity for name, quantity in places.items() if name.startswith("Склад WB"))
        assert real == places.get("Всего находится на складах", 0)
        assert all(places.values())


async def test_remains_are_one_refresh_behind_the_stock_report(wb):
    await wb.without_limits()
    nm_id = (await wb.control("GET", "/sellers/small/cards"))[0]["nm_id"]
    await wb.control("POST", "/sellers/small/stock", json={"nm_id": nm_id, "quantity": 5555})
    wb.wait(minutes=26)
    assert any(row["quantity"] > 5500 for row in (await wb.stocks()).json()["data"]["items"])
    task = await order_remains(wb)
    wb.wait(seconds=21)
    assert "555" not in (await wb.ask("GET", HOST, f"{REMAINS}/tasks/{task}/download")).text


async def test_a_task_may_stick_or_be_canceled(wb):
    for fate, shown in (("stuck", "processing"), ("canceled", "canceled"), ("purged", "purged")):
        await wb.fault(fate, count=1)
        task = await order_remains(wb)
        wb.wait(minutes=5)
        assert await status_of(wb, task) == shown


async def test_a_foreign_or_malformed_task_is_not_found(wb):
    task = await order_remains(wb)
    await wb.control("POST", "/sellers", json={"alias": "other", "products": 1})
    path = f"{REMAINS}/tasks/{task}/status"
    assert (await wb.ask("GET", HOST, path, alias="other")).status_code == 404
    assert (await wb.ask("GET", HOST, f"{REMAINS}/tasks/nonsense/status")).status_code == 400


async def history(wb, kind: str = "STOCK_HISTORY_DAILY_CSV", **params) -> list[dict[str, str]]:
    await wb.without_limits()
    number = str(uuid4())
    period = {"start": "2026-11-20", "end": "2026-12-01"}
    order = {
        "id": number,
        "reportType": kind,
        "params": {"currentPeriod": period, "stockType": "", "skipDeletedNm": True, **params},
    }
    answer = await wb.ask("POST", HOST, DOWNLOADS, json=order)
    assert answer.status_code == 200, answer.text
    wb.wait(seconds=16)
    listed = (await wb.ask("GET", HOST, DOWNLOADS)).json()["data"]
    assert [report["status"] for report in listed if report["id"] == number] == ["SUCCESS"]
    packed = await wb.ask("GET", HOST, f"{DOWNLOADS}/file/{number}")
    assert packed.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        text = archive.read(f"{number}.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


async def test_the_history_of_stocks_has_a_column_for_each_day(wb):
    rows = await history(wb)
    assert next(name for name in rows[0] if name[0].isdigit()) == "20.11.2026"
    assert {row["OfficeName"] for row in rows} == {"Склад WB", "Свой склад"}
    assert any(row["20.11.2026"] != row["30.11.2026"] for row in rows)


async def test_own_warehouses_had_another_name_until_september(wb):
    await wb.control("PATCH", "/settings", json={"renames_own_warehouses": False})
    assert {row["OfficeName"] for row in await history(wb, stockType="mp")} == {"Маркетплейс"}


async def test_the_history_ends_with_the_last_even_hour(wb):
    rows = {row["ChrtID"]: row["01.12.2026"] for row in await history(wb, stockType="wb")}
    live = {
        str(row["chrt_id"]): str(row["quantity"])
        for row in await wb.control("GET", "/sellers/small/truth")
        if row["warehouse_id"] == -999999
    }
    assert rows == live
    wb.wait(minutes=60)
    assert {row["ChrtID"]: row["01.12.2026"] for row in await history(wb, stockType="wb")} == rows


async def test_statistics_of_stocks_come_as_a_file_too(wb):
    rows = await history(wb, "STOCK_HISTORY_REPORT_CSV")
    assert sum(int(row["OrdersCount"]) for row in rows) > 100
    assert any(float(row["LostOrdersCount"]) > 0 for row in rows)


async def test_turnover_knows_lost_orders_and_hours_without_stock(wb):
    body = {
        "currentPeriod": {"start": "2026-11-01", "end": "2026-11-30"},
        "stockType": "", "skipDeletedNm": True, "offset": 0, "availabilityFilters": [],
        "orderBy": {"field": "lostOrdersCount", "mode": "desc"},
    }  # fmt: skip
    answer = await wb.ask("POST", HOST, "/api/v2/stocks-report/products/products", json=body)
    first = answer.json()["data"]["items"][0]["metrics"]
    assert first["lostOrdersCount"] > 0
    assert first["officeMissingTime"]["days"] + first["officeMissingTime"]["hours"] > 0
    del body["orderBy"]
    wb.wait(minutes=1)
    refused = await wb.ask("POST", HOST, "/api/v2/stocks-report/products/products", json=body)
    assert "orderBy (field required)" in refused.json()["detail"]


async def test_supplies_pass_through_their_states_and_fill_the_shelves(wb):
    await wb.without_limits()
    supplies = (await wb.ask("POST", "supplies-api", "/api/v1/supplies", json={})).json()
    assert {5, 3} <= {supply["statusID"] for supply in supplies}
    coming = next(supply for supply in supplies if supply["statusID"] == 3)
    path = f"/api/v1/supplies/{coming['supplyID']}"
    assert (await wb.ask("GET", "supplies-api", path)).json()["acceptedQuantity"] == 0
    wb.wait(days=14)
    goods = (await wb.ask("GET", "supplies-api", f"{path}/goods", params={"limit": 1000})).json()
    assert sum(good["readyForSaleQuantity"] for good in goods) > 0
    assert (await wb.ask("GET", "supplies-api", path)).json()["statusID"] == 5
    only = (await wb.ask("POST", "supplies-api", "/api/v1/supplies", json={"statusIDs": [5]})).json()
    assert {supply["statusID"] for supply in only} == {5}
