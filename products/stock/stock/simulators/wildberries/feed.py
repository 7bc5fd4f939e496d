"""seller-analytics-api: the order feed, in real time, newest state first."""

from typing import Any

import numpy as np

from stock.simulators.wildberries.answers import Answer, analytics_error, json_answer
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.demand import BOUGHT, CANCELLED, REFUSED, Integers
from stock.simulators.wildberries.moments import DAY, SECOND, read_moment, zoned_moscow, zulu
from stock.simulators.wildberries.orders import (
    DISCOUNT,
    IS_B2B,
    IS_DEFECTIVE,
    ORDERED,
    OUTCOME,
    OUTCOME_AT,
    PRICE,
    REGION,
    RETURNED_AT,
    SIZE,
    SOURCE,
)  # fmt: skip
from stock.simulators.wildberries.places import HIDDEN_NAME, REGIONS
from stock.simulators.wildberries.statistics import srid_of

KEPT_DAYS = 31
LARGEST_PAGE = 10_000


def order_feed(call: Call) -> Answer:
    body = call.body(analytics_error)
    limit, offset, snapshot = _paging(call, body)
    start, end = _period(call, body, snapshot)
    table = call.shop.orders.table()
    numbers = np.flatnonzero(table[:, ORDERED] < snapshot)
    updated = updated_at(table[numbers], snapshot)
    chosen = (updated >= start) & (updated <= end)
    numbers, updated = numbers[chosen], updated[chosen]
    order = np.lexsort((-numbers, -updated))
    rows = [
        (int(number), int(at))
        for number, at in zip(numbers[order], updated[order], strict=True)
        if _passes(call, body, table[number])
    ]
    page = [_row(call, table[number].tolist(), number, at, snapshot) for number, at in rows[offset : offset + limit]]
    return json_answer({"data": {"snapshotTime": zulu(snapshot), "currency": "RUB", "orders": page}})


def updated_at(table: Integers, moment: int) -> Integers:
    updated = table[:, ORDERED].copy()
    for column in (OUTCOME_AT, RETURNED_AT):
        at = table[:, column]
        updated = np.where((at > 0) & (at < moment), np.maximum(updated, at), updated)
    return updated


def _paging(call: Call, body: dict[str, Any]) -> tuple[int, int, int]:
    paging = body.get("pagination") or {}
    limit, offset = paging.get("limit", 50), paging.get("offset", 0)
    if type(limit) is not int or not 1 <= limit <= LARGEST_PAGE or type(offset) is not int or offset < 0:
        raise analytics_error(400, "code=400, message=invalid: pagination")
    present = call.moment // SECOND * SECOND
    if not paging.get("snapshotTime") or "snapshot-ignored" in call.hits:
        return limit, offset, present
    return limit, offset, min(_moment(paging["snapshotTime"], "snapshotTime"), present)


def _period(call: Call, body: dict[str, Any], snapshot: int) -> tuple[int, int]:
    period = body.get("selectedPeriod")
    if not isinstance(period, dict) or not period.get("start"):
        raise analytics_error(400, "code=400, message=invalid: selectedPeriod.start (field required)")
    start = _moment(period["start"], "start")
    end = _moment(period["end"], "end") if period.get("end") else snapshot
    if start < call.moment - KEPT_DAYS * DAY - 60 * SECOND or start > end:
        raise analytics_error(400, "code=400, message=invalid: selectedPeriod (not earlier than 31 days ago)")
    return start, end


def _moment(text: Any, name: str) -> int:
    try:
        return read_moment(str(text))
    except ValueError:
        raise analytics_error(400, f"code=400, message=invalid: {name} (not a date-time)") from None


def _passes(call: Call, body: dict[str, Any], row: Integers) -> bool:
    card = call.shop.catalogue.cards[call.shop.catalogue.card_of_size[row[SIZE]]]
    wanted = (
        (body.get("nmIds"), card.nm_id),
        (body.get("subjectIds"), card.subject.id),
        (body.get("brandNames"), card.brand),
    )
    return all(not values or value in values for values, value in wanted) and not body.get("tagIds")


def _status(row: list[int], moment: int) -> str:
    if row[RETURNED_AT] and row[RETURNED_AT] < moment:
        return "returnDefective" if row[IS_DEFECTIVE] else "return"
    if row[OUTCOME_AT] >= moment:
        return "created"
    return "buyout" if row[OUTCOME] == BOUGHT else "cancel"


def _row(call: Call, row: list[int], number: int, updated: int, moment: int) -> dict[str, Any]:
    catalogue, own, place = call.shop.catalogue, row[SOURCE] > 0, REGIONS[row[REGION]]
    shown = {
        "nmId": catalogue.cards[catalogue.card_of_size[row[SIZE]]].nm_id,
        "chrtId": catalogue.chrt_ids[row[SIZE]],
        "srid": srid_of(call.shop, number),
        "createdAt": zoned_moscow(row[ORDERED]),
        "updatedAt": zoned_moscow(updated),
        "status": _status(row, moment),
        "warehouseName": call.shop.warehouses[row[SOURCE] - 1].name if own else HIDDEN_NAME,
        "warehouseRegion": "Центральный" if own else "",
        "isMp": own,
        "destinationCity": place.city,
        "destinationDistrict": place.district.removesuffix(" федеральный округ") or place.country,
        "sellerPrice": round(row[PRICE] * (100 - row[DISCOUNT]) / 100, 2),
        "isB2b": bool(row[IS_B2B]),
    }
    if shown["status"] == "cancel":
        shown["cancelType"] = {CANCELLED: "app", REFUSED: "receipt"}.get(row[OUTCOME], "expire")
    return shown
