"""supplies-api: what the seller sends to Wildberries."""

from typing import Any

from stock.simulators.wildberries.answers import Answer, json_answer, supply_error
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.moments import day_start, moscow_day, read_moment, zoned_moscow
from stock.simulators.wildberries.places import HIDDEN_ID, HIDDEN_NAME
from stock.simulators.wildberries.supplies import ACCEPTED, ACCEPTING, AT_THE_GATE, NOT_PLANNED, Supply

LARGEST_PAGE = 1000
DATES = ("factDate", "createDate", "supplyDate", "updatedDate")


def listing(call: Call) -> Answer:
    limit, offset = _number(call, "limit", LARGEST_PAGE), _number(call, "offset", 0)
    body = call.body(supply_error)
    statuses, spans = _statuses(body), _spans(body)
    rows = [_shown(supply, call.moment) for supply in reversed(call.shop.supplies)]
    rows = [row for row in rows if (not statuses or row["statusID"] in statuses) and _within(row, spans)]
    return json_answer(rows[offset : offset + limit])


def details(call: Call) -> Answer:
    supply = _found(call)
    status = supply.status(call.moment)
    accepted = int(supply.accepted.sum())
    return json_answer(
        _shown(supply, call.moment, with_ids=False)
        | {
            "warehouseID": HIDDEN_ID,
            "warehouseName": HIDDEN_NAME,
            "actualWarehouseID": HIDDEN_ID if status in (ACCEPTING, ACCEPTED, AT_THE_GATE) else None,
            "actualWarehouseName": HIDDEN_NAME if status in (ACCEPTING, ACCEPTED, AT_THE_GATE) else "",
            "transitWarehouseID": None,
            "transitWarehouseName": "",
            "acceptanceCost": 0,
            "paidAcceptanceCoefficient": 0,
            "rejectReason": None,
            "supplierAssignName": "Магазин",
            "storageCoef": "215",
            "deliveryCoef": "200",
            "quantity": int(supply.quantity.sum()),
            "readyForSaleQuantity": accepted if status == ACCEPTED else 0,
            "acceptedQuantity": accepted if status in (ACCEPTING, ACCEPTED) else 0,
            "unloadingQuantity": accepted if status == ACCEPTING else 0,
            "depersonalizedQuantity": 0,
        }
    )


def goods(call: Call) -> Answer:
    limit, offset = _number(call, "limit", 100), _number(call, "offset", 0)
    supply = _found(call)
    status, catalogue = supply.status(call.moment), call.shop.catalogue
    rows = []
    for size, quantity, accepted in zip(
        supply.sizes.tolist(), supply.quantity.tolist(), supply.accepted.tolist(), strict=True
    ):
        card = catalogue.cards[catalogue.card_of_size[size]]
        rows.append(
            {
                "barcode": catalogue.barcodes[size][0],
                "vendorCode": card.vendor_code,
                "nmID": card.nm_id,
                "needKiz": card.subject.parent in ("Одежда", "Обувь"),
                "tnved": "6204430000" if card.subject.parent == "Одежда" else None,
                "techSize": catalogue.tech_sizes[size],
                "color": card.colour,
                "supplierBoxAmount": None,
                "quantity": quantity,
                "readyForSaleQuantity": accepted if status == ACCEPTED else 0,
                "unloadingQuantity": accepted if status == ACCEPTING else 0,
                "acceptedQuantity": accepted if status in (ACCEPTING, ACCEPTED) else 0,
            }
        )
    return json_answer(rows[offset : offset + limit])


def _shown(supply: Supply, moment: int, *, with_ids: bool = True) -> dict[str, Any]:
    status = supply.status(moment)
    known = [at for at in (supply.created_at, supply.planned_at, supply.arrived_at, supply.ready_at) if at <= moment]
    has_arrived = supply.arrived_at <= moment
    row: dict[str, Any] = {
        "phone": "+7 916 *** 44 44",
        "supplyID": None if status == NOT_PLANNED else supply.id,
        "preorderID": supply.preorder_id,
        "createDate": zoned_moscow(supply.created_at),
        "supplyDate": None if status == NOT_PLANNED else zoned_moscow(day_start(moscow_day(supply.arrived_at))),
        "factDate": zoned_moscow(supply.arrived_at) if has_arrived else None,
        "updatedDate": zoned_moscow(max(known)) if known else None,
        "statusID": status,
        "boxTypeID": 2,
        "isBoxOnPallet": False,
    }
    return row if with_ids else {name: value for name, value in row.items() if name not in ("supplyID", "preorderID")}


def _found(call: Call) -> Supply:
    text = call.path["ID"]
    if not text.isdigit():
        raise supply_error(400, "неверный формат id (должен быть int64)")
    by_order = call.query.get("isPreorderID", "false") == "true"
    for supply in call.shop.supplies:
        if int(text) == (supply.preorder_id if by_order else supply.id):
            return supply
    raise supply_error(400, "fail to get supply: Поставка не найдена")


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    lowest = 1 if name == "limit" else 0
    if not text.isdigit() or not lowest <= int(text) <= (LARGEST_PAGE if name == "limit" else 10**9):
        raise supply_error(400, f"Неверный формат {name}")
    return int(text)


def _statuses(body: dict[str, Any]) -> list[int]:
    statuses: list[int] = body.get("statusIDs") or []
    for place, status in enumerate(statuses):
        if status not in range(1, 7):
            raise supply_error(400, f"Выберите значение параметра 'StatusIDs[{place}]' из списка: '1 2 3 4 5 6'")
    return statuses


def _spans(body: dict[str, Any]) -> list[tuple[str, int, int]]:
    spans = []
    for span in body.get("dates") or []:
        if span.get("type") not in DATES:
            raise supply_error(400, f"Выберите значение параметра 'Type' из списка: '{' '.join(DATES)}'")
        try:
            first, last = read_moment(span.get("from") or "1970-01-02"), read_moment(span.get("till") or "2100-01-01")
        except ValueError:
            raise supply_error(
                400, "ошибка при считывании даты. Дата должна быть в формате ISO Date: 2006-01-02"
            ) from None
        spans.append((span["type"], first, day_start(moscow_day(last) + 1)))
    return spans


def _within(row: dict[str, Any], spans: list[tuple[str, int, int]]) -> bool:
    return all(row[name] is not None and first <= read_moment(row[name]) < end for name, first, end in spans)
