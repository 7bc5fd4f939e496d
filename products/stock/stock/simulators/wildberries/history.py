"""seller-analytics-api: reports as zipped CSV files, made on order; here the two about stocks.

History is refreshed every two hours, a file is kept for 48 hours.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from stock.simulators.wildberries.answers import Answer, analytics_error, json_answer
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.catalogue import Card
from stock.simulators.wildberries.moments import HOUR, SECOND, day_name, moscow_day, when_of
from stock.simulators.wildberries.places import HIDDEN_NAME
from stock.simulators.wildberries.shelves import WB
from stock.simulators.wildberries.shop import Shop
from stock.simulators.wildberries.turnover import Period, metrics_of

DAILY, STATISTICS = "STOCK_HISTORY_DAILY_CSV", "STOCK_HISTORY_REPORT_CSV"
KEPT = 48 * HOUR
READY_AFTER = 15 * SECOND
MONTHS_KEPT = 92
OWN_NAME = "Свой склад"
OLD_OWN_NAME = "Маркетплейс"  # until 2026-09-15


def order(call: Call) -> Answer:
    body = call.body(analytics_error)
    number, kind = _uuid(body.get("id"), "id"), body.get("reportType")
    if kind not in (DAILY, STATISTICS):
        raise analytics_error(400, f"reportType {kind} is unknown to the simulator")
    if number in call.tasks:
        raise analytics_error(400, "report with this id already exists")
    params = body.get("params")
    if not isinstance(params, dict) or "skipDeletedNm" not in params or params.get("stockType") not in ("", "wb", "mp"):
        raise analytics_error(400, "code=400, message=invalid: params.stockType, params.skipDeletedNm (field required)")
    period = period_of(call, params)
    call.tasks[number] = {
        "seller": call.seller.id,
        "kind": kind,
        "at": call.moment,
        "name": body.get("userReportName") or "Stock history",
        "params": params,
        "period": period,
        "fate": "stuck" if "stuck" in call.hits else "",
        "file": _packed(number, _rows(call, kind, params, period)),
    }
    return json_answer({"data": "Началось формирование файла/отчета"})


def listing(call: Call) -> Answer:
    wanted = call.query.get("filter[downloadIds]", "")
    numbers = [_uuid(text, "filter[downloadIds]") for text in wanted.split(",") if text]
    rows = [_shown(call, number, task) for number, task in _own(call) if not numbers or number in numbers]
    return json_answer({"data": rows})


def retry(call: Call) -> Answer:
    number = _uuid(call.body(analytics_error).get("downloadId"), "downloadId")
    task = dict(_own(call)).get(number)
    if task is None:
        raise analytics_error(400, "download id was not found")
    task |= {"fate": "", "at": call.moment}
    return json_answer({"data": "Началось повторное формирование файла/отчета"})


def download(call: Call) -> Answer:
    number = _uuid(call.path["downloadId"], "downloadId")
    task = dict(_own(call)).get(number)
    if task is None or _status(call, task) != "SUCCESS":
        raise analytics_error(400, "download id was not found")
    return Answer(body=task["file"], media="application/zip")


def _own(call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, task in call.tasks.items():
        if task["seller"] == call.seller.id and "file" in task and call.moment - task["at"] < KEPT:
            yield number, task


def _status(call: Call, task: dict[str, Any]) -> str:
    if task["fate"] == "stuck":
        return "PROCESSING"
    age = call.moment - task["at"]
    return "SUCCESS" if age >= READY_AFTER else "PROCESSING" if age > READY_AFTER // 3 else "WAITING"


def _shown(call: Call, number: str, task: dict[str, Any]) -> dict[str, Any]:
    period: Period = task["period"]
    return {
        "id": number,
        "createdAt": when_of(task["at"]).strftime("%Y-%m-%d %H:%M:%S"),
        "status": _status(call, task),
        "name": task["name"],
        "size": len(task["file"]),
        "startDate": day_name(period.first),
        "endDate": day_name(period.last),
    }


def _uuid(text: Any, name: str) -> str:
    try:
        return str(UUID(str(text)))
    except ValueError:
        raise analytics_error(400, f"code=400, message=invalid: {name} (not a UUID)") from None


def period_of(call: Call, params: dict[str, Any]) -> Period:
    try:
        asked = params["currentPeriod"]
        first, last = (_day(str(asked[name])) for name in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        raise analytics_error(400, "code=400, message=invalid: currentPeriod (field required)") from None
    today = moscow_day(call.moment)
    if first > last or first < today - MONTHS_KEPT or last > today:
        raise analytics_error(400, "code=400, message=invalid: currentPeriod (not earlier than 3 months ago)")
    return Period(first, last)


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)) // timedelta(days=1)


def _rows(call: Call, kind: str, params: dict[str, Any], period: Period) -> Iterator[list[Any]]:
    if kind == STATISTICS:
        return _statistics(call.shop, params, period)
    own_name = OWN_NAME if call.settings.renames_own_warehouses else OLD_OWN_NAME
    return _daily(call.shop, params, period, own_name)


def _packed(number: str, rows: Iterator[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{number}.csv", text.getvalue())
    return packed.getvalue()


def _chosen(shop: Shop, params: dict[str, Any]) -> Iterator[tuple[int, Card]]:
    articles = set(params.get("nmIds") or params.get("nmIDs") or ())
    for size, owner in enumerate(shop.catalogue.card_of_size):
        card = shop.catalogue.cards[owner]
        if (not articles or card.nm_id in articles) and not (params["skipDeletedNm"] and card.trashed_at):
            yield size, card


def _named(shop: Shop, size: int, card: Card) -> list[Any]:
    name = shop.catalogue.tech_sizes[size]
    sized = "-" if name == "0" else name
    return [
        card.vendor_code,
        card.title,
        card.nm_id,
        card.subject.name,
        card.brand,
        sized,
        shop.catalogue.chrt_ids[size],
    ]


def _owners(params: dict[str, Any], own_name: str) -> list[tuple[int, str]]:
    """Own warehouses come as one heap under one name."""
    both = [(0, HIDDEN_NAME), (1, own_name)]
    return {"wb": both[:1], "mp": both[1:]}.get(params["stockType"], both)


def _daily(shop: Shop, params: dict[str, Any], period: Period, own_name: str) -> Iterator[list[Any]]:
    """The stock at the end of each day; of the present day as of the last even hour."""
    days = list(period.days)
    dates = [".".join(reversed(day_name(day).split("-"))) for day in days]
    yield ["VendorCode", "Name", "NmID", "SubjectName", "BrandName", "SizeName", "ChrtID", "OfficeName", *dates]
    today, shelf = moscow_day(shop.at), shop.history_view.shelf
    now_by_owner = (shelf[WB], shelf[1:].sum(axis=0))
    for size, card in _chosen(shop, params):
        for owner, name in _owners(params, own_name):
            figures = [now_by_owner[owner][size] if day == today else _close(shop, day, owner, size) for day in days]
            if any(figures) or owner == 0:
                yield [*_named(shop, size, card), name, *figures]


def _close(shop: Shop, day: int, owner: int, size: int) -> Any:
    return int(shop.days[day].close[owner][size]) if day in shop.days else ""


FIGURES = (
    "availability", "ordersCount", "ordersSum", "buyoutCount", "buyoutSum", "buyoutPercent", "avgOrders", "stockCount",
    "stockSum", "saleRate", "avgStockTurnover", "toClientCount", "fromClientCount", "price", "officeMissingTime",
    "lostOrdersCount", "lostOrdersSum", "lostBuyoutsCount", "lostBuyoutsSum",
)  # fmt: skip


def _statistics(shop: Shop, params: dict[str, Any], period: Period) -> Iterator[list[Any]]:
    names = ["VendorCode", "Name", "NmID", "SubjectName", "BrandName", "SizeName", "ChrtID", "RegionName", "OfficeName"]
    yield [*names, *(name[0].upper() + name[1:] for name in FIGURES), "Currency"]
    for size, card in _chosen(shop, params):
        figures = metrics_of(shop, [size], card, period)
        figures["price"] = figures["currentPrice"]["minPrice"]
        flat = [_flat(figures[name]) for name in FIGURES]
        yield [*_named(shop, size, card), HIDDEN_NAME, HIDDEN_NAME, *flat, "RUB"]


def _flat(figure: Any) -> Any:
    """Spans are hours in the file."""
    return figure["days"] * 24 + figure["hours"] if isinstance(figure, dict) else figure
