"""Every answer is what the saved OpenAPI files allow, and nothing they do not know; shapes are those of the samples."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from openapi_schema_validator import OAS30Validator

CONTRACTS = Path(__file__).parents[1] / "data" / "wildberries"
GENERAL, ITEMS, SUPPLIES, RATES, ANALYTICS, REPORTS = (
    f"wb-2026-08-18-{name}.yaml"
    for name in ("01-general", "02-items", "07-orders-fbw", "10-rates", "11-analytics", "12-reports")
)
PERIOD = {"start": "2026-11-01", "end": "2026-11-30"}
TURNOVER = {
    "currentPeriod": PERIOD, "stockType": "", "skipDeletedNm": True, "offset": 0, "availabilityFilters": [],
    "orderBy": {"field": "ordersCount", "mode": "desc"},
}  # fmt: skip
PRICES, CARDS, TRASH = "/api/v2/list/goods/filter", "/content/v2/get/cards/list", "/content/v2/get/cards/trash"
STOCKS, FEED = "/api/analytics/v1/stocks-report/wb-warehouses", "/api/analytics/v1/order-feed"
REMAINS, DOWNLOADS = "/api/v1/warehouse_remains", "/api/v2/nm-report/downloads"
FEED_SINCE = {"selectedPeriod": {"start": "2026-11-10T00:00:00+03:00"}}


@cache
def specification(name: str) -> dict[str, Any]:
    return yaml.load((CONTRACTS / name).read_text("utf-8"), Loader=yaml.CSafeLoader)


@cache
def samples() -> dict[str, Any]:
    return json.loads((CONTRACTS / "sample-responses.json").read_text("utf-8"))


def resolved(document: dict, part: Any) -> Any:
    if isinstance(part, list):
        return [resolved(document, item) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        target = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        return resolved(document, target)
    return {name: resolved(document, value) for name, value in part.items()}


NOTES = ("example", "examples", "description")


def strict(schema: Any) -> Any:
    """The same schema, refusing fields it does not know: what is not in the contract may not be in an answer."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" in schema:
        parts = [strict(part) for part in schema["allOf"]]
        merged = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            merged["properties"] |= part.get("properties", {})
            merged["required"] += part.get("required", [])
        return merged | {"additionalProperties": False}
    changed = {name: strict(value) for name, value in schema.items() if name not in NOTES or isinstance(value, dict)}
    if isinstance(schema.get("properties"), dict):
        changed["additionalProperties"] = False
    # ISO 8601 is not a format name, and UUID is written in capitals.
    if changed.get("format") not in (None, "int32", "int64", "date", "date-time", "uuid"):
        del changed["format"]
    return changed


def schema_of(file: str, verb: str, path: str, answer: Any) -> dict[str, Any]:
    document = specification(file)
    contents = resolved(document, document["paths"][path][verb.lower()]["responses"][str(answer.status_code)])[
        "content"
    ]
    media = answer.headers["content-type"].split(";")[0]
    assert media in contents, f"{path} answers {answer.status_code} as {media}, the contract has {list(contents)}"
    return strict(contents[media].get("schema", {}))


def assert_allowed(file: str, verb: str, path: str, answer: Any) -> None:
    problems = sorted(OAS30Validator(schema_of(file, verb, path, answer)).iter_errors(answer.json()), key=str)
    assert not problems, "\n".join(
        f"{list(problem.absolute_path)}: {problem.message[:300]}" for problem in problems[:5]
    )


WALK = [
    (GENERAL, "common-api", "GET", "/ping", {}),
    (GENERAL, "common-api", "GET", "/api/v1/seller-info", {}),
    (ITEMS, "content-api", "POST", CARDS, {"json": {}}),
    (
        ITEMS,
        "content-api",
        "POST",
        CARDS,
        {"json": {"settings": {"cursor": {"limit": 100}, "sort": {"ascending": True}}}},
    ),
    (ITEMS, "content-api", "POST", CARDS, {"json": {"settings": {"filter": {"withPhoto": 2}}}}),
    (ITEMS, "content-api", "POST", CARDS, {"json": {"settings": {"filter": {"textSearch": "нет такого"}}}}),
    (ITEMS, "content-api", "POST", TRASH, {"json": {"settings": {"cursor": {"limit": 100}}}}),
    (ITEMS, "discounts-prices-api", "GET", PRICES, {"params": {"limit": 1000}}),
    (ITEMS, "discounts-prices-api", "GET", PRICES, {"params": {"limit": 10, "offset": 95}}),
    (ITEMS, "discounts-prices-api", "GET", PRICES, {"params": {"limit": 10, "offset": 500}}),
    (ITEMS, "discounts-prices-api", "GET", PRICES, {"params": {"limit": 0}}),
    (ITEMS, "discounts-prices-api", "POST", PRICES, {"json": {"nmList": [1, 2]}}),
    (ITEMS, "discounts-prices-api", "POST", PRICES, {"json": {}}),
    (ITEMS, "marketplace-api", "GET", "/api/v3/warehouses", {}),
    (ITEMS, "marketplace-api", "GET", "/api/v3/offices", {}),
    (REPORTS, "statistics-api", "GET", "/api/v1/supplier/orders", {"params": {"dateFrom": "2026-09-01"}}),
    (REPORTS, "statistics-api", "GET", "/api/v1/supplier/orders", {"params": {"dateFrom": "2026-11-20", "flag": 1}}),
    (REPORTS, "statistics-api", "GET", "/api/v1/supplier/orders", {"params": {"dateFrom": "2030-01-01"}}),
    (REPORTS, "statistics-api", "GET", "/api/v1/supplier/sales", {"params": {"dateFrom": "2026-09-01"}}),
    (ANALYTICS, "seller-analytics-api", "POST", STOCKS, {"json": {}}),
    (ANALYTICS, "seller-analytics-api", "POST", STOCKS, {"json": {"limit": 7, "offset": 3}}),
    (ANALYTICS, "seller-analytics-api", "POST", STOCKS, {"json": {"limit": 250_001}}),
    (ANALYTICS, "seller-analytics-api", "POST", FEED, {"json": FEED_SINCE | {"pagination": {"limit": 10_000}}}),
    (ANALYTICS, "seller-analytics-api", "POST", FEED, {"json": FEED_SINCE | {"nmIds": [1]}}),
    (ANALYTICS, "seller-analytics-api", "POST", FEED, {"json": {}}),
    (ANALYTICS, "seller-analytics-api", "POST", "/api/v2/stocks-report/products/products", {"json": TURNOVER}),
    (ANALYTICS, "seller-analytics-api", "POST", "/api/v2/stocks-report/products/products", {"json": {}}),
    (REPORTS, "seller-analytics-api", "GET", REMAINS, {"params": {"groupByNm": "true"}}),
    (REPORTS, "seller-analytics-api", "GET", REMAINS, {"params": {"groupByNm": ""}}),
    (SUPPLIES, "supplies-api", "POST", "/api/v1/supplies", {"json": {}}),
    (SUPPLIES, "supplies-api", "POST", "/api/v1/supplies", {"json": {"statusIDs": [5, 6]}, "params": {"limit": 3}}),
    (
        SUPPLIES,
        "supplies-api",
        "POST",
        "/api/v1/supplies",
        {"json": {"dates": [{"type": "factDate", "from": "2026-11-01"}]}},
    ),
    (SUPPLIES, "supplies-api", "POST", "/api/v1/supplies", {"json": {"statusIDs": [9]}}),
    (RATES, "common-api", "GET", "/api/v1/tariffs/box", {"params": {"date": "2026-12-01"}}),
    (RATES, "common-api", "GET", "/api/v1/tariffs/pallet", {"params": {"date": "2026-12-01"}}),
    (RATES, "common-api", "GET", "/api/v1/tariffs/return", {"params": {"date": "2026-12-01"}}),
    (RATES, "common-api", "GET", "/api/v1/tariffs/box", {}),
]


@pytest.mark.parametrize("step", WALK, ids=lambda step: f"{step[2]} {step[3]} {json.dumps(step[4])[:60]}")
async def test_an_answer_is_allowed_by_the_contract(wb, step):
    file, host, verb, path, options = step
    assert_allowed(file, verb, path, await wb.ask(verb, host, path, **options))


async def test_the_contract_check_would_notice_a_drift(wb):
    for variant in ("unknown-field", "missing"):
        wb.wait(minutes=1)
        await wb.fault("drift", variant=variant, count=1)
        with pytest.raises(AssertionError):
            assert_allowed(ANALYTICS, "POST", STOCKS, await wb.stocks())


async def test_the_commissions_answer_one_of_the_allowed_shapes(wb):
    answer = await wb.ask("GET", "common-api", "/api/v1/tariffs/commission")
    assert_allowed(RATES, "GET", "/api/v1/tariffs/commission", answer)


async def test_answers_about_single_things_are_allowed_by_the_contract(wb):
    await wb.without_limits()
    card = (await wb.control("GET", "/sellers/small/cards"))[0]
    warehouse = (await wb.ask("GET", "marketplace-api", "/api/v3/warehouses")).json()[0]["id"]
    own = await wb.ask("POST", "marketplace-api", f"/api/v3/stocks/{warehouse}", json={"chrtIds": card["chrt_ids"]})
    assert_allowed(ITEMS, "POST", "/api/v3/stocks/{warehouseId}", own)
    for body, status in (({}, 400), ({"chrtIds": []}, 400)):
        wrong = await wb.ask("POST", "marketplace-api", f"/api/v3/stocks/{warehouse}", json=body)
        assert wrong.status_code == status
        assert_allowed(ITEMS, "POST", "/api/v3/stocks/{warehouseId}", wrong)
    absent = await wb.ask("POST", "marketplace-api", "/api/v3/stocks/1", json={"chrtIds": [1]})
    assert_allowed(ITEMS, "POST", "/api/v3/stocks/{warehouseId}", absent)
    await wb.control("POST", "/sellers/small/trash", json={"nm_id": card["nm_id"]})
    assert_allowed(ITEMS, "POST", TRASH, await wb.ask("POST", "content-api", TRASH, json={}))


async def test_supplies_in_detail_are_allowed_by_the_contract(wb):
    await wb.without_limits()
    for supply in (await wb.ask("POST", "supplies-api", "/api/v1/supplies", json={})).json()[:8]:
        number = supply["supplyID"] or supply["preorderID"]
        params = {"isPreorderID": "false" if supply["supplyID"] else "true"}
        details = await wb.ask("GET", "supplies-api", f"/api/v1/supplies/{number}", params=params)
        assert_allowed(SUPPLIES, "GET", "/api/v1/supplies/{ID}", details)
        goods = await wb.ask("GET", "supplies-api", f"/api/v1/supplies/{number}/goods", params=params)
        assert_allowed(SUPPLIES, "GET", "/api/v1/supplies/{ID}/goods", goods)


async def test_reports_made_on_order_are_allowed_by_the_contract(wb):
    await wb.without_limits()
    groups = dict.fromkeys(
        ("groupByBrand", "groupBySubject", "groupBySa", "groupByNm", "groupByBarcode", "groupBySize"), "true"
    )
    made = await wb.ask("GET", "seller-analytics-api", REMAINS, params=groups)
    task = made.json()["data"]["taskId"]
    wb.wait(seconds=21)
    status = await wb.ask("GET", "seller-analytics-api", f"{REMAINS}/tasks/{task}/status")
    assert_allowed(REPORTS, "GET", REMAINS + "/tasks/{task_id}/status", status)
    rows = await wb.ask("GET", "seller-analytics-api", f"{REMAINS}/tasks/{task}/download")
    assert_allowed(REPORTS, "GET", REMAINS + "/tasks/{task_id}/download", rows)
    absent = await wb.ask("GET", "seller-analytics-api", f"{REMAINS}/tasks/{uuid4()}/download")
    assert_allowed(REPORTS, "GET", REMAINS + "/tasks/{task_id}/download", absent)
    params = {"currentPeriod": PERIOD, "stockType": "", "skipDeletedNm": True}
    order = {"id": str(uuid4()), "reportType": "STOCK_HISTORY_DAILY_CSV", "params": params}
    assert_allowed(ANALYTICS, "POST", DOWNLOADS, await wb.ask("POST", "seller-analytics-api", DOWNLOADS, json=order))
    assert_allowed(ANALYTICS, "GET", DOWNLOADS, await wb.ask("GET", "seller-analytics-api", DOWNLOADS))


async def test_refusals_of_the_gateway_are_allowed_by_the_contract(wb):
    assert_allowed(ANALYTICS, "POST", STOCKS, await wb.stocks(kind="expired"))
    assert_allowed(ANALYTICS, "POST", STOCKS, await wb.stocks(kind="base"))
    await wb.stocks()
    assert_allowed(ANALYTICS, "POST", STOCKS, await wb.stocks())
    wb.wait(minutes=1)
    await wb.fault("402")
    assert_allowed(ANALYTICS, "POST", STOCKS, await wb.stocks())


# Fields of the samples that a seller need not have, or that were withdrawn after the samples were taken.
OPTIONAL = {"video", "wholesale", "enabled", "quantum", "tags", "isBadTurnover"} | {
    "wholesaleDiscountThreshold", "minQuantity", "wholesaleDiscount", "level",
}  # fmt: skip


def fields_of(content: Any) -> set[str]:
    if isinstance(content, list):
        return set().union(*map(fields_of, content)) if content else set()
    if isinstance(content, dict):
        return set(content) | set().union(*map(fields_of, content.values()))
    return set()


@pytest.mark.parametrize(
    ("host", "verb", "path", "options"),
    [
        ("content-api", "POST", CARDS, {"json": {"settings": {"cursor": {"limit": 100}}}}),
        ("discounts-prices-api", "GET", PRICES, {"params": {"limit": 1000}}),
        ("marketplace-api", "GET", "/api/v3/warehouses", {}),
        ("marketplace-api", "GET", "/api/v3/offices", {}),
        ("statistics-api", "GET", "/api/v1/supplier/orders", {"params": {"dateFrom": "2026-09-01"}}),
        ("statistics-api", "GET", "/api/v1/supplier/sales", {"params": {"dateFrom": "2026-09-01"}}),
        ("seller-analytics-api", "POST", STOCKS, {"json": {}}),
        ("seller-analytics-api", "POST", FEED, {"json": FEED_SINCE | {"pagination": {"limit": 10_000}}}),
        ("seller-analytics-api", "POST", "/api/v2/stocks-report/products/products", {"json": TURNOVER}),
        ("supplies-api", "POST", "/api/v1/supplies", {"json": {}}),
        ("common-api", "GET", "/api/v1/seller-info", {}),
        ("common-api", "GET", "/api/v1/tariffs/box", {"params": {"date": "2026-12-01"}}),
    ],
)
async def test_answers_have_every_field_of_the_published_samples(wb, host, verb, path, options):
    sample = samples()[f"{verb} {path}"]["200"]["application/json"]
    sample = sample.get("_assembled_from_field_examples", sample) if isinstance(sample, dict) else sample
    answer = (await wb.ask(verb, host, path, **options)).json()
    assert fields_of(sample) - OPTIONAL <= fields_of(answer)


async def test_problems_have_exactly_the_fields_of_the_published_samples(wb):
    sample = samples()["GET /ping"]
    expired = await wb.ask("GET", "common-api", "/ping", kind="expired")
    assert expired.json().keys() == sample["401"]["application/problem+json"].keys()
    await wb.stocks()
    assert (await wb.stocks()).json().keys() == sample["429"]["application/problem+json"].keys()
