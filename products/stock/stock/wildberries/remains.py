"""Stock rows of both reports, with warehouses as keys of an open dictionary.

The `warehouse_remains` report mixes real warehouses with sums and goods on the way: adding up all of its rows gives
more than twice the stock.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from stock.wildberries.rows import Level, mappings, text, whole

TO_CLIENT = "В пути до получателей"
FROM_CLIENT = "В пути возвраты на склад WB"
TOTAL = "Всего находится на складах"
OTHERS = "Остальные"
# The seller's own warehouse under its two names; its stock is read live from the seller-warehouse methods.
OWN = frozenset({"Маркетплейс", "Свой склад"})
TRANSIT = "transit"


class Warehouse(NamedTuple):
    """`kind` is wb, seller or transit."""

    key: str
    kind: str
    number: int | None
    name: str


def read_wb_stocks(body: object) -> tuple[list[Level], dict[str, Warehouse]]:
    """Rows of `stocks-report/wb-warehouses`: one per size and warehouse, a repeated one replaces the first."""
    data = body.get("data") if isinstance(body, dict) else None
    items = data.get("items") if isinstance(data, dict) else None
    levels: dict[tuple[int, str], Level] = {}
    warehouses: dict[str, Warehouse] = {}
    for item in mappings(items):
        chrt_id, number = whole(item.get("chrtId")), whole(item.get("warehouseId"))
        if chrt_id <= 0:
            continue
        key = f"wb:{number}"
        if key not in warehouses:
            warehouses[key] = Warehouse(key, "wb", number, text(item.get("warehouseName"), 100))
        levels[chrt_id, key] = Level(
            whole(item.get("nmId")),
            chrt_id,
            key,
            max(whole(item.get("quantity")), 0),
            max(whole(item.get("inWayToClient")), 0),
            max(whole(item.get("inWayFromClient")), 0),
        )
    return list(levels.values()), warehouses


def is_stock_report(body: object) -> bool:
    """Whether there is a list at all: an answer without one must never be read as "no stock"."""
    data = body.get("data") if isinstance(body, dict) else None
    return isinstance(data, dict) and isinstance(data.get("items"), list)


def read_remains(body: object, chrt_ids: Mapping[str, int]) -> tuple[list[Level], dict[str, Warehouse]]:
    """Rows of `warehouse_remains`; `chrt_ids` finds the size by barcode. Barcodes of one size are added up."""
    sums: dict[tuple[int, int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    warehouses: dict[str, Warehouse] = {}
    seen: set[str] = set()
    for item in mappings(body):
        barcode = text(item.get("barcode"), 30)
        chrt_id = chrt_ids.get(barcode)
        if chrt_id is None or barcode in seen:
            continue
        seen.add(barcode)
        for name, quantity in _real(item):
            key, column = _place(name)
            warehouses.setdefault(key, _warehouse(key, name))
            sums[whole(item.get("nmId")), chrt_id, key][column] += quantity
    levels = [Level(nm_id, chrt_id, key, *counts) for (nm_id, chrt_id, key), counts in sums.items()]
    return levels, warehouses


def _real(item: Mapping[str, Any]) -> list[tuple[str, int]]:
    rows = {
        text(row.get("warehouseName"), 100): max(whole(row.get("quantity")), 0)
        for row in mappings(item.get("warehouses"))
    }
    total, others = rows.pop(TOTAL, None), rows.get(OTHERS, 0)
    named = sum(count for name, count in rows.items() if name not in {TO_CLIENT, FROM_CLIENT, OTHERS} | OWN)
    # "Others" is either a part of the total or a repetition of it; the total tells which.
    if OTHERS in rows and (total is None or named + others != total):
        del rows[OTHERS]
    return [(name, count) for name, count in rows.items() if name and name not in OWN]


def _place(name: str) -> tuple[str, int]:
    if name == TO_CLIENT:
        return TRANSIT, 1
    if name == FROM_CLIENT:
        return TRANSIT, 2
    return f"wb:{name}", 0


def _warehouse(key: str, name: str) -> Warehouse:
    if key == TRANSIT:
        return Warehouse(TRANSIT, "transit", None, "")
    return Warehouse(key, "wb", None, name)
