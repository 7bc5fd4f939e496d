"""statistics-api: orders and sales. One row is one unit; it comes again whenever its state changes."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from stock.simulators.wildberries.answers import Answer, Refused, json_answer, json_rows
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.demand import BOUGHT, Integers
from stock.simulators.wildberries.moments import DAY, NEVER, day_start, moscow_day, naive_moscow, read_moment
from stock.simulators.wildberries.orders import (
    BASKET,
    DISCOUNT,
    KNOWN,
    ORDERED,
    OUTCOME,
    OUTCOME_AT,
    PRICE,
    PRICED_AT,
    REGION,
    RETURNED_AT,
    SIZE,
    SOURCE,
    SPP,
    is_bought,
    is_cancelled,
    is_returned,
)  # fmt: skip
from stock.simulators.wildberries.places import IN_REPORTS, IN_REPORTS_BULKY, REGIONS
from stock.simulators.wildberries.shop import Shop

KEPT_DAYS = 90
CLOSED_WAREHOUSE = "Старый склад (закрыт)"


def orders(call: Call) -> Answer:
    moment = call.view.at
    table = call.shop.orders.table()
    numbers = np.flatnonzero(is_reported(table, moment))
    changed = changed_at(table[numbers], moment)
    numbers, changed = _asked(call, numbers, changed, table[numbers, ORDERED])
    pairs = zip(numbers.tolist(), changed.tolist(), strict=True)
    return Answer(body=json_rows(_order(call.shop, table[number].tolist(), number, at, moment) for number, at in pairs))


def sales(call: Call) -> Answer:
    """A sale and its return are two rows with one srid."""
    moment = call.view.at
    table = call.shop.orders.table()
    reported = is_reported(table, moment)
    bought = np.flatnonzero(reported & is_bought(table, moment))
    returned = np.flatnonzero(reported & is_returned(table, moment))
    priced = table[bought, PRICED_AT]
    changed = np.concatenate(
        [np.where(priced < moment, priced, table[bought, OUTCOME_AT]), table[returned, RETURNED_AT]]
    )
    happened = np.concatenate([table[bought, OUTCOME_AT], table[returned, RETURNED_AT]])
    # A return is told from its sale by a negative number.
    numbers, changed = _asked(call, np.concatenate([bought, -returned - 1]), changed, happened)
    pairs = zip(numbers.tolist(), changed.tolist(), strict=True)
    return Answer(body=json_rows(_sale(call.shop, table, number, at, moment) for number, at in pairs))


def is_reported(table: Integers, moment: int) -> Any:
    """Known by now (an unpaid order comes later, with its old date) and not older than ninety days."""
    return (table[:, KNOWN] < moment) & (table[:, ORDERED] < moment) & (table[:, ORDERED] >= moment - KEPT_DAYS * DAY)


def changed_at(table: Integers, moment: int) -> Integers:
    changed = table[:, KNOWN].copy()
    for column in (OUTCOME_AT, RETURNED_AT):
        at = table[:, column]
        changed = np.where((at > 0) & (at < moment), np.maximum(changed, at), changed)
    return changed


def _asked(call: Call, numbers: Integers, changed: Integers, happened: Integers) -> tuple[Integers, Integers]:
    """Rows by `lastChangeDate` from `dateFrom` on, cut; or, with flag=1, all rows of that day in Moscow."""
    since = _date_from(call)
    order = np.lexsort((numbers, changed))
    numbers, changed, happened = numbers[order], changed[order], happened[order]
    if _flag(call) == 1:
        chosen = (happened + 3 * 3_600_000_000) // DAY == moscow_day(since)
        return numbers[chosen], changed[chosen]
    first = int(np.searchsorted(changed, since, side="left"))
    last = first + call.settings.row_cut
    return numbers[first:last], changed[first:last]


def _date_from(call: Call) -> int:
    if not call.query.get("dateFrom"):
        raise Refused(json_answer({"errors": ["dateFrom: field required"]}, 400))
    try:
        return read_moment(call.query["dateFrom"])
    except ValueError:
        raise Refused(json_answer({"errors": "dateFrom: Value not validated"}, 400)) from None


def _flag(call: Call) -> int:
    flag = call.query.get("flag", "0")
    if flag not in ("0", "1"):
        raise Refused(json_answer({"errors": "flag: Value not validated"}, 400))
    return int(flag)


def srid_of(shop: Shop, number: int) -> str:
    mixed = (shop.seed % 10**6 * 10**12 + number * 2_654_435_761) % 10**18
    return f"{7 * 10**18 + mixed}.{number % 3}.0"


def sale_id_of(number: int) -> str:
    return f"S{9_000_000_000 + number}"


def return_id_of(number: int) -> str:
    return f"R{9_000_000_000 + number}"


def _common(shop: Shop, row: list[int], number: int, moment: int, *, is_priced: bool) -> dict[str, Any]:
    size = row[SIZE]
    card = shop.catalogue.cards[shop.catalogue.card_of_size[size]]
    place = REGIONS[row[REGION]]
    own = row[SOURCE] > 0
    price = round(row[PRICE] * (100 - row[DISCOUNT]) / 100, 2)
    return {
        "warehouseName": _own_name(shop, row[SOURCE], number) if own else _reported_name(number),
        "warehouseType": "Склад продавца" if own else "Склад WB",
        "countryName": place.country,
        "oblastOkrugName": place.district,
        "regionName": place.region,
        "supplierArticle": card.vendor_code,
        "nmId": card.nm_id,
        "barcode": shop.catalogue.barcodes[size][0],
        "category": card.subject.parent,
        "subject": card.subject.name,
        "brand": card.brand,
        "techSize": shop.catalogue.tech_sizes[size],
        "incomeID": 0 if own else 26_000_000 + number % 900,
        "isSupply": False,
        "isRealization": True,
        "totalPrice": row[PRICE],
        "discountPercent": row[DISCOUNT],
        "spp": row[SPP],
        "finishedPrice": round(price * (100 - row[SPP]) / 100) if is_priced else 0,
        "priceWithDisc": price if is_priced else 0,
        "sticker": str(10_000_000_000 + number * 7) if own else "",
        "gNumber": str(row[BASKET]),
        "srid": srid_of(shop, number),
    }


def _own_name(shop: Shop, source: int, number: int) -> str:
    """Now and then a warehouse that is in no list: it was closed since."""
    return CLOSED_WAREHOUSE if number % 211 == 0 else shop.warehouses[source - 1].name


def _reported_name(number: int) -> str:
    return IN_REPORTS_BULKY if number % 40 == 0 else IN_REPORTS


def _order(shop: Shop, row: list[int], number: int, changed: int, moment: int) -> dict[str, Any]:
    cancelled = row[OUTCOME_AT] if row[OUTCOME] != BOUGHT and row[OUTCOME_AT] < moment else 0
    return {
        "date": naive_moscow(row[ORDERED]),
        "lastChangeDate": naive_moscow(changed),
        **_common(shop, row, number, moment, is_priced=True),
        "isCancel": bool(cancelled),
        "cancelDate": naive_moscow(cancelled) if cancelled else NEVER,
    }


def _sale(shop: Shop, table: Integers, signed: int, changed: int, moment: int) -> dict[str, Any]:
    is_return = signed < 0
    number = -signed - 1 if is_return else signed
    row = table[number].tolist()
    common = _common(shop, row, number, moment, is_priced=row[PRICED_AT] < moment)
    sign = -1 if is_return else 1
    return {
        "date": naive_moscow(row[RETURNED_AT] if is_return else row[OUTCOME_AT]),
        "lastChangeDate": naive_moscow(changed),
        **common,
        "paymentSaleAmount": 0,
        "forPay": round(sign * common["priceWithDisc"] * 0.83, 2),
        "saleID": return_id_of(number) if is_return else sale_id_of(number),
    }


def by_day(shop: Shop, moment: int) -> Iterable[dict[str, Any]]:
    """What a complete reader must have counted for each Moscow day, from what was visible at a moment."""
    table = shop.orders.table()
    reported = is_reported(table, moment)
    facts = {
        "orders": table[reported, ORDERED],
        "cancelled": table[reported & is_cancelled(table, moment), ORDERED],
        "sales": table[reported & is_bought(table, moment), OUTCOME_AT],
        "returns": table[reported & is_returned(table, moment), RETURNED_AT],
    }
    counted: dict[int, dict[str, int]] = {}
    for name, moments in facts.items():
        for day, count in zip(*np.unique([moscow_day(int(at)) for at in moments], return_counts=True), strict=True):
            counted.setdefault(int(day), dict.fromkeys(facts, 0))[name] = int(count)
    return ({"day": naive_moscow(day_start(day))[:10], **counts} for day, counts in sorted(counted.items()))
