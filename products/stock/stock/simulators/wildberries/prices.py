"""discounts-prices-api: prices and discounts, paged by offset over a list that may move under the reader."""

from typing import Any

from stock.simulators.wildberries.answers import Answer, json_answer, prices_error
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.catalogue import Card

LARGEST_PAGE = 1000
INVALID = "Invalid request parameters"


def prices_by_page(call: Call) -> Answer:
    limit, offset = _number(call.query.get("limit")), _number(call.query.get("offset", "0"))
    if limit is None or offset is None or not 1 <= limit <= LARGEST_PAGE or offset < 0:
        raise prices_error(400, INVALID)
    cards = _listed(call)
    if "filterNmID" in call.query:
        wanted = _number(call.query["filterNmID"])
        if wanted is None:
            raise prices_error(400, INVALID)
        cards = [card for card in cards if card.nm_id == wanted]
    return _shown(call, cards[offset : offset + limit])


def prices_by_article(call: Call) -> Answer:
    wanted = call.body(prices_error).get("nmList")
    if (
        not isinstance(wanted, list)
        or not 1 <= len(wanted) <= LARGEST_PAGE
        or not all(type(nm) is int for nm in wanted)
    ):
        raise prices_error(400, INVALID)
    chosen = set(wanted)
    return _shown(call, [card for card in _listed(call) if card.nm_id in chosen])


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdigit() else None


def _listed(call: Call) -> list[Card]:
    """Newest article first, so that a new card shifts every page after it."""
    return [card for card in reversed(call.shop.catalogue.cards) if not card.trashed_at]


def discounted(card: Card) -> float:
    return round(card.price * (100 - card.discount) / 100, 2)


def _shown(call: Call, cards: list[Card]) -> Answer:
    return json_answer({"data": {"listGoods": [_good(call, card) for card in cards]}, "error": False, "errorText": ""})


def _good(call: Call, card: Card) -> dict[str, Any]:
    price = discounted(card)
    sizes = [
        {
            "sizeID": call.shop.catalogue.chrt_ids[size],
            "price": card.price,
            "discountedPrice": price,
            "clubDiscountedPrice": round(price * (100 - card.club_discount) / 100, 2),
            "techSizeName": call.shop.catalogue.tech_sizes[size],
        }
        for size in card.size_numbers
    ]
    return {
        "nmID": card.nm_id,
        "vendorCode": card.vendor_code,
        "sizes": sizes,
        "currencyIsoCode4217": "RUB",
        "discount": card.discount,
        "clubDiscount": card.club_discount,
        "editableSizePrice": card.sizes > 1 and card.nm_id % 5 == 0,
    }
