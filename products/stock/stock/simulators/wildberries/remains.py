"""seller-analytics-api: the report on what remains in warehouses, made on order in three steps.

It is one refresh behind the stock report, and its list mixes real warehouses with sums and ways; adding everything up
counts most units twice.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from stock.simulators.wildberries.answers import PROBLEM, Answer, json_answer, report_error
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.catalogue import Card
from stock.simulators.wildberries.moments import HOUR, SECOND
from stock.simulators.wildberries.places import IN_REPORTS, IN_REPORTS_BULKY, WB_WAREHOUSES
from stock.simulators.wildberries.shelves import WB, View

TO_CLIENT = "В пути до получателей"
FROM_CLIENT = "В пути возвраты на склад WB"
TOTAL = "Всего находится на складах"
OTHERS = "Остальные"
BULKY_CM = 50
KEPT = 2 * HOUR
GROUPS = ("groupByBrand", "groupBySubject", "groupBySa", "groupByNm", "groupByBarcode", "groupBySize")


def order(call: Call) -> Answer:
    for name in GROUPS:
        if call.query.get(name, "false") not in ("true", "false"):
            raise report_error(400, f'parameter "{name}" in query has an error: empty value is not allowed')
    fate = next((kind for kind in ("stuck", "purged", "canceled") if kind in call.hits), "")
    task = {
        "seller": call.seller.id,
        "at": call.moment,
        "view": call.shop.view_before,
        "fate": fate,
        "query": call.query,
    }
    call.tasks[number := str(uuid4())] = task
    return json_answer({"data": {"taskId": number}})


def status(call: Call) -> Answer:
    task = _task(call)
    return json_answer({"data": {"id": call.path["task_id"], "status": _status(call, task)}})


def download(call: Call) -> Answer:
    task = _task(call)
    if _status(call, task) != "done":
        raise report_error(404, "not found", "Not Found", PROBLEM)
    rows = list(_rows(call, task["view"], task["query"]))
    return json_answer(rows) if rows else Answer(204)


def _task(call: Call) -> dict[str, Any]:
    text = call.path["task_id"]
    try:
        UUID(text)
    except ValueError:
        raise report_error(400, f"Invalid format for parameter task_id: error unmarshaling '{text}'") from None
    task = call.tasks.get(text)
    if task is None or task["seller"] != call.seller.id:
        raise report_error(404, "not found", "Not Found", PROBLEM)
    return task


def _status(call: Call, task: dict[str, Any]) -> str:
    age, needed = call.moment - task["at"], call.settings.remains_ready_after_seconds * SECOND
    if task["fate"] == "stuck":
        return "processing"
    if age >= needed:
        return task["fate"] or ("purged" if age > KEPT + needed else "done")
    return "new" if age < needed // 3 else "processing"


def _rows(call: Call, view: View, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    catalogue, wanted = call.shop.catalogue, [name for name in GROUPS if query.get(name) == "true"]
    grouped: dict[tuple[Any, ...], tuple[dict[str, Any], dict[str, int]]] = {}
    for size, owner in enumerate(catalogue.card_of_size):
        card = catalogue.cards[owner]
        places = _places(call, view, card, size)
        if not places:
            continue
        names = _names(call, card, size, wanted)
        row, sums = grouped.setdefault(tuple(names.values()), (names, {}))
        if "groupByNm" in wanted:
            row["volume"] = _volume(card)
        for name, quantity in places.items():
            sums[name] = sums.get(name, 0) + quantity
    for row, sums in grouped.values():
        yield row | {"warehouses": [{"warehouseName": name, "quantity": quantity} for name, quantity in sums.items()]}


def _names(call: Call, card: Card, size: int, wanted: list[str]) -> dict[str, Any]:
    catalogue = call.shop.catalogue
    named = {
        "groupByBrand": ("brand", card.brand),
        "groupBySubject": ("subjectName", card.subject.name),
        "groupBySa": ("vendorCode", card.vendor_code),
        "groupByNm": ("nmId", card.nm_id),
        "groupByBarcode": ("barcode", catalogue.barcodes[size][0]),
        "groupBySize": ("techSize", catalogue.tech_sizes[size]),
    }
    return dict(named[name] for name in wanted)


def _volume(card: Card) -> float:
    length, width, height, _ = card.dimensions
    return round(length * width * height / 1000, 2)


def _places(call: Call, view: View, card: Card, size: int) -> dict[str, int]:
    shelf = int(view.shelf[WB][size])
    found = {
        TO_CLIENT: int(view.to_client[WB][size]),
        FROM_CLIENT: int(view.from_client[WB][size]),
        TOTAL: shelf,
        **_warehouses(call, card, size, shelf),
    }
    return {name: quantity for name, quantity in found.items() if quantity}


def _warehouses(call: Call, card: Card, size: int, shelf: int) -> dict[str, int]:
    if call.settings.hides_warehouses:
        return {IN_REPORTS_BULKY if card.dimensions[0] > BULKY_CM else IN_REPORTS: shelf}
    # As before note 570: names, and a heap called "Others".
    name = WB_WAREHOUSES[size % len(WB_WAREHOUSES)][1]
    return {name: shelf - shelf // 10, OTHERS: shelf // 10}
