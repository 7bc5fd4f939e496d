"""marketplace-api: the seller's own warehouses and what lies in them, live."""

from typing import Any

from stock.simulators.wildberries.answers import Answer, json_answer, marketplace_error
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.places import OFFICES

LARGEST_PAGE = 1000
LARGEST_AMOUNT = 100_000


def warehouses(call: Call) -> Answer:
    return json_answer(
        [
            {
                "name": warehouse.name,
                "officeId": warehouse.office_id,
                "id": warehouse.id,
                "cargoType": 1,
                "deliveryType": 1,
                "isDeleting": False,
                "isProcessing": False,
            }
            for warehouse in call.shop.warehouses
        ]
    )


def offices(call: Call) -> Answer:
    return json_answer(
        [
            {
                "address": office.address,
                "name": office.name,
                "city": office.city,
                "id": office.id,
                "longitude": office.longitude,
                "latitude": office.latitude,
                "cargoType": 1,
                "deliveryType": 1,
                "federalDistrict": office.district,
                "selected": any(warehouse.office_id == office.id for warehouse in call.shop.warehouses),
            }
            for office in OFFICES
        ]
    )


def own_stocks(call: Call) -> Answer:
    """Amounts of the asked sizes; sizes that were never put into this warehouse are left out."""
    source = _source(call)
    numbers = call.shop.catalogue.by_chrt()
    sizes = [numbers[chrt] for chrt in _asked(call) if chrt in numbers]
    shelf, is_own = call.shop.shelf[source], call.shop.is_own[source]
    rows = [
        {"chrtId": call.shop.catalogue.chrt_ids[size], "amount": int(shelf[size])}
        for size in sizes
        if is_own[size] or shelf[size]
    ]
    return json_answer({"stocks": rows})


def set_own_stocks(call: Call) -> Answer:
    """The seller counts: amounts replace what lies in this warehouse, at once."""
    source = _source(call)
    rows = _body(call).get("stocks")
    if not isinstance(rows, list) or not 1 <= len(rows) <= LARGEST_PAGE:
        raise marketplace_error(400, "IncorrectRequest", "Переданы некорректные данные")
    numbers = call.shop.catalogue.by_chrt()
    for row in rows:
        chrt, amount = row.get("chrtId"), row.get("amount")
        if type(amount) is not int or not 0 <= amount <= LARGEST_AMOUNT:
            raise marketplace_error(400, "IncorrectRequest", "Переданы некорректные данные")
        if chrt not in numbers:
            raise marketplace_error(404, "NotFound", "Товар не найден")
    warehouse = call.shop.warehouses[source - 1].id
    for row in rows:
        call.sellers.change(call.seller, "stock", chrt_id=row["chrtId"], warehouse_id=warehouse, quantity=row["amount"])
    return Answer(204)


def _source(call: Call) -> int:
    text = call.path["warehouseId"]
    for source, warehouse in enumerate(call.shop.warehouses, start=1):
        if text == str(warehouse.id):
            return source
    if not text.isdigit():
        raise marketplace_error(400, "IncorrectParameter", "IncorrectParameter")
    raise marketplace_error(404, "NotFound", "Склад не найден")


def _body(call: Call) -> dict[str, Any]:
    return call.body(lambda status, _: marketplace_error(status, "IncorrectRequestBody", "Incorrect required body"))


def _asked(call: Call) -> list[int]:
    body = _body(call)
    if "skus" in body and "chrtIds" not in body:
        raise marketplace_error(
            400, "SKUUploadDisabled", "Uploading stock is not allowed by 'sku'. Please use the 'chrtId' key"
        )
    asked = body.get("chrtIds")
    if (
        not isinstance(asked, list)
        or not 1 <= len(asked) <= LARGEST_PAGE
        or not all(type(chrt) is int for chrt in asked)
    ):
        raise marketplace_error(400, "IncorrectRequest", "Переданы некорректные данные")
    return asked
