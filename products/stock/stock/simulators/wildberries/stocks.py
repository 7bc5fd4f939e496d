"""seller-analytics-api: what is in stock, as of the last refresh (every full and half hour)."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from stock.simulators.wildberries.answers import Answer, analytics_error, json_rows
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.demand import Integers
from stock.simulators.wildberries.places import HIDDEN_ID, HIDDEN_NAME, WB_WAREHOUSES
from stock.simulators.wildberries.shelves import WB

LARGEST_PAGE = 250_000
ARTICLES = 1000


def wb_warehouses(call: Call) -> Answer:
    """A row for each size with something on the shelf or on its way; a size with nothing has no row."""
    body, limit, offset = _page(call)
    view = call.view
    numbers = np.flatnonzero((view.shelf[WB] > 0) | (view.to_client[WB] > 0) | (view.from_client[WB] > 0))
    if "refresh-between-pages" in call.hits and offset:
        numbers = numbers[1:]
    numbers = _asked(call, body, numbers)
    rows = _hidden if call.settings.hides_warehouses else _named
    return _answer(rows(call, numbers), limit, offset)


def seller_warehouses(call: Call) -> Answer:
    body, limit, offset = _page(call)
    found = []
    for source, warehouse in enumerate(call.shop.warehouses, start=1):
        numbers = _asked(call, body, np.flatnonzero(call.view.shelf[source] > 0))
        found += [
            {
                **_ids(call, number),
                "warehouseId": warehouse.id,
                "warehouseName": warehouse.name,
                "regionName": "Центральный",
                "quantity": quantity,
            }
            for number, quantity in zip(numbers.tolist(), call.view.shelf[source][numbers].tolist(), strict=True)
        ]
    return _answer(iter(found), limit, offset) if found else Answer(204)


def _page(call: Call) -> tuple[dict[str, Any], int, int]:
    body = call.body(analytics_error)
    limit, offset = body.get("limit", LARGEST_PAGE), body.get("offset", 0)
    if type(limit) is not int or not 1 <= limit <= LARGEST_PAGE:
        raise analytics_error(400, f"code=400, message=invalid: limit (must be between 1 and {LARGEST_PAGE})")
    if type(offset) is not int or offset < 0:
        raise analytics_error(400, "code=400, message=invalid: offset (must not be negative)")
    for name in ("nmIds", "chrtIds"):
        wanted = body.get(name) or []
        if not isinstance(wanted, list) or not all(type(value) is int for value in wanted):
            raise analytics_error(400, f"code=400, message=invalid: {name} (must be a list of integers)")
    if len(body.get("nmIds") or []) > ARTICLES:
        raise analytics_error(400, f"code=400, message=invalid: nmIds (at most {ARTICLES})")
    return body, limit, offset


def _asked(call: Call, body: dict[str, Any], numbers: Integers) -> Integers:
    articles = set(body.get("nmIds") or [])
    if not articles:
        return numbers
    sizes = set(body.get("chrtIds") or [])
    chosen = [
        number
        for number in numbers.tolist()
        if (ids := _ids(call, number))["nmId"] in articles and (not sizes or ids["chrtId"] in sizes)
    ]
    return np.array(chosen, dtype=np.int64)


def _ids(call: Call, number: int) -> dict[str, int]:
    catalogue = call.shop.catalogue
    return {"nmId": catalogue.cards[catalogue.card_of_size[number]].nm_id, "chrtId": catalogue.chrt_ids[number]}


def _hidden(call: Call, numbers: Integers) -> Iterator[dict[str, Any]]:
    view = call.view
    columns = (view.shelf[WB][numbers], view.to_client[WB][numbers], view.from_client[WB][numbers])
    for number, quantity, to_client, from_client in zip(
        numbers.tolist(), *(column.tolist() for column in columns), strict=True
    ):
        yield _row(call, number, quantity, to_client, from_client)


def _named(call: Call, numbers: Integers) -> Iterator[dict[str, Any]]:
    """As before note 570: the same units, spread over two or three named warehouses."""
    for row in _hidden(call, numbers):
        first = row["chrtId"] % len(WB_WAREHOUSES)
        parts = (row["quantity"] // 2, row["quantity"] - row["quantity"] // 2)
        for place, quantity in enumerate(parts):
            id_, name, region = WB_WAREHOUSES[(first + place) % len(WB_WAREHOUSES)]
            is_last = place == len(parts) - 1
            if quantity or is_last:
                ways = (row["inWayToClient"], row["inWayFromClient"]) if is_last else (0, 0)
                yield row | {
                    "warehouseId": id_,
                    "warehouseName": name,
                    "regionName": region,
                    "quantity": quantity,
                    "inWayToClient": ways[0],
                    "inWayFromClient": ways[1],
                }


def _row(call: Call, number: int, quantity: int, to_client: int, from_client: int) -> dict[str, Any]:
    return {
        **_ids(call, number),
        "warehouseId": HIDDEN_ID,
        "warehouseName": HIDDEN_NAME,
        "regionName": HIDDEN_NAME,
        "quantity": quantity,
        "inWayToClient": to_client,
        "inWayFromClient": from_client,
    }


def _answer(rows: Iterator[dict[str, Any]], limit: int, offset: int) -> Answer:
    page = itertools.islice(rows, offset, offset + limit)
    return Answer(body=b'{"data":{"items":' + json_rows(page) + b"}}")
