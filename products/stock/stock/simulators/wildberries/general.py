"""Methods every host has, and common-api: ping, the seller, tariffs."""

from stock.simulators.wildberries.answers import Answer, json_answer, report_error
from stock.simulators.wildberries.gateway import Call
from stock.simulators.wildberries.moments import SECOND, day_name, moment_of, moscow_day, zoned_moscow
from stock.simulators.wildberries.places import IN_REPORTS
from stock.simulators.wildberries.subjects import SUBJECTS
from verf.kit import now


def ping(call: Call) -> Answer:
    return json_answer({"TS": zoned_moscow(moment_of(now()) // SECOND * SECOND), "Status": "OK"})


def seller_info(call: Call) -> Answer:
    spec = call.seller.spec
    tin = str(7_700_000_000 + spec.number % 90_000_000)
    return json_answer(
        {"name": spec.name, "sid": spec.id, "tin": tin, "tradeMark": spec.name.split("«")[-1].rstrip("»")}
    )


def commissions(call: Call) -> Answer:
    if call.query.get("locale", "ru") not in ("ru", "en", "zh"):
        raise report_error(
            400, 'parameter "locale" in query has an error: value is not one of the allowed values ["ru","en","zh"]'
        )
    rows = [
        {
            "kgvpBooking": 14.5,
            "kgvpMarketplace": 15.5 + number % 7,
            "kgvpPickup": 14.5,
            "kgvpSupplier": 12.5,
            "kgvpSupplierExpress": 3,
            "paidStorageKgvp": 15.5 + number % 7,
            "parentID": 600 + number,
            "parentName": subject.parent,
            "subjectID": subject.id,
            "subjectName": subject.name,
        }
        for number, subject in enumerate(SUBJECTS)
    ]
    return json_answer({"report": rows})


def box_tariffs(call: Call) -> Answer:
    day = moscow_day(call.moment)
    _date(call)
    row = {
        "boxDeliveryBase": "48",
        "boxDeliveryCoefExpr": "160",
        "boxDeliveryLiter": "11,2",
        "boxDeliveryMarketplaceBase": "40",
        "boxDeliveryMarketplaceCoefExpr": "125",
        "boxDeliveryMarketplaceLiter": "11",
        "boxStorageBase": "0,14",
        "boxStorageCoefExpr": "115",
        "boxStorageLiter": "0,07",
        "geoName": "Россия",
        "warehouseName": IN_REPORTS,
    }
    data = {"currency": "RUB", "dtNextBox": day_name(day + 7), "dtTillMax": day_name(day + 30), "warehouseList": [row]}
    return json_answer({"response": {"data": data}})


def _date(call: Call) -> None:
    if not call.query.get("date"):
        raise report_error(
            400,
            'parameter "date" in query has an error: value is required but missing',
            media="application/problem+json",
        )
