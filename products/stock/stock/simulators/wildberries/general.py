"""Methods every host has, and common-api: ping, the seller, tariffs."""

from stock.simulators.wildberries.answers import Answer, json_answer, report_error
from stock.simulators.wildberries.calls import Call
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
    return _tariffs(call, row, "dtNextBox", "dtTillMax")


def pallet_tariffs(call: Call) -> Answer:
    row = {
        "palletDeliveryExpr": "170",
        "palletDeliveryValueBase": "51",
        "palletDeliveryValueLiter": "11,9",
        "palletStorageExpr": "155",
        "palletStorageValueExpr": "35.65",
        "warehouseName": IN_REPORTS,
    }
    return _tariffs(call, row, "dtNextPallet", "dtTillMax")


def return_tariffs(call: Call) -> Answer:
    row = {
        "deliveryDumpKgtOfficeBase": "1 039",
        "deliveryDumpKgtOfficeLiter": "9,1",
        "deliveryDumpKgtReturnExpr": "1 050",
        "deliveryDumpSrgOfficeExpr": "170",
        "deliveryDumpSrgReturnExpr": "170",
        "deliveryDumpSupCourierBase": "229",
        "deliveryDumpSupCourierLiter": "9,1",
        "deliveryDumpSupOfficeBase": "129",
        "deliveryDumpSupOfficeLiter": "9,1",
        "deliveryDumpSupReturnExpr": "250",
        "warehouseName": IN_REPORTS,
    }
    return _tariffs(call, row, "dtNextDeliveryDumpKgt", "dtNextDeliveryDumpSrg", "dtNextDeliveryDumpSup")


def _tariffs(call: Call, row: dict[str, str], *dates: str) -> Answer:
    _date(call)
    day = moscow_day(call.moment)
    until = {name: day_name(day + 7 * place) for place, name in enumerate(dates, start=1)}
    return json_answer({"response": {"data": {"currency": "RUB", **until, "warehouseList": [row]}}})


def _date(call: Call) -> None:
    if not call.query.get("date"):
        raise report_error(
            400,
            'parameter "date" in query has an error: value is required but missing',
            media="application/problem+json",
        )
