"""content-api: the list of cards and the list of what lies in the trash."""

from collections.abc import Callable
from typing import Any

from stock.simulators.wildberries.answers import Answer, Refused, content_error, json_answer
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.catalogue import Card
from stock.simulators.wildberries.moments import read_moment, zulu

LARGEST_PAGE = 100


def cards_list(call: Call) -> Answer:
    """Cards after the cursor by (updatedAt, nmID). A card edited during the walk moves: it is met twice or never."""
    settings = _object(call.body(content_error), "settings")
    wanted = [
        card
        for card in call.shop.catalogue.cards
        if not card.trashed_at and _passes(call, card, _object(settings, "filter"))
    ]
    return _page(settings, wanted, "updatedAt", lambda card: card.updated_at, lambda card: _shown(call, card))


def cards_trash(call: Call) -> Answer:
    settings = _object(call.body(content_error), "settings")
    wanted = [card for card in call.shop.catalogue.cards if card.trashed_at]
    return _page(settings, wanted, "trashedAt", lambda card: card.trashed_at, lambda card: _shown_in_trash(call, card))


def _object(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise content_error(400, "Request body can not be decoded")
    return value


def _page(
    settings: dict[str, Any],
    cards: list[Card],
    name: str,
    moment_of_card: Callable[[Card], int],
    show: Callable[[Card], dict[str, Any]],
) -> Answer:
    cursor = _object(settings, "cursor")
    is_ascending = bool(_object(settings, "sort").get("ascending", False))
    limit = _limit(cursor)
    after = _after(cursor, name)
    keyed = sorted(
        ((moment_of_card(card), card.nm_id, card) for card in cards), key=lambda row: row[:2], reverse=not is_ascending
    )
    if after is not None:
        keyed = [row for row in keyed if (row[:2] > after if is_ascending else row[:2] < after)]
    page = keyed[:limit]
    following: dict[str, Any] = {"total": len(page)}
    if page:
        following = {name: zulu(page[-1][0]), "nmID": page[-1][1], **following}
    return json_answer({"cards": [show(card) for _, _, card in page], "cursor": following})


def _limit(cursor: dict[str, Any]) -> int:
    limit = cursor.get("limit", 10)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit > LARGEST_PAGE or limit < 0:
        raise content_error(400, "Invalid request: cursor.limit must be between 1 and 100")
    # Zero is taken for "not given".
    return limit or 10


def _after(cursor: dict[str, Any], name: str) -> tuple[int, int] | None:
    if not cursor.get(name):
        return None
    try:
        return read_moment(str(cursor[name])), int(cursor.get("nmID") or 0)
    except ValueError:
        raise _bad_cursor(name) from None


def _bad_cursor(name: str) -> Refused:
    return content_error(400, f"Invalid request: cursor.{name} is not a date")


def _passes(call: Call, card: Card, wanted: dict[str, Any]) -> bool:
    photo = wanted.get("withPhoto", 0)
    if (photo == 1 and not card.photos) or (photo == 2 and card.photos):
        return False
    if wanted.get("brands") and card.brand not in wanted["brands"]:
        return False
    if wanted.get("objectIDs") and card.subject.id not in wanted["objectIDs"]:
        return False
    if wanted.get("imtID") and card.imt_id != wanted["imtID"]:
        return False
    text = str(wanted.get("textSearch") or "")
    return (
        not text
        or text in (card.vendor_code, str(card.nm_id))
        or any(text in call.shop.catalogue.barcodes[size] for size in card.size_numbers)
    )


def _photos(card: Card) -> list[dict[str, str]]:
    volume, part = card.nm_id // 100_000, card.nm_id // 1_000
    root = f"https://basket-{volume % 30 + 1:02d}.wbbasket.ru/vol{volume}/part{part}/{card.nm_id}/images"
    kinds = ("big", "c246x328", "c516x688", "square", "tm")
    return [{kind: f"{root}/{kind}/{number}.webp" for kind in kinds} for number in range(1, card.photos + 1)]


def _sizes(call: Call, card: Card) -> list[dict[str, Any]]:
    catalogue = call.shop.catalogue
    return [
        {
            "chrtID": catalogue.chrt_ids[size],
            "techSize": catalogue.tech_sizes[size],
            "wbSize": "" if catalogue.tech_sizes[size] == "0" else catalogue.tech_sizes[size],
            "skus": catalogue.barcodes[size],
        }
        for size in card.size_numbers
    ]


def _shown(call: Call, card: Card) -> dict[str, Any]:
    length, width, height, weight = card.dimensions
    shown = {
        "nmID": card.nm_id,
        "imtID": card.imt_id,
        "nmUUID": card.uuid,
        "subjectID": card.subject.id,
        "subjectName": card.subject.name,
        "vendorCode": card.vendor_code,
        "brand": card.brand,
        "title": card.title,
        "description": card.description or f"{card.title}. Качество проверено.",
        "needKiz": card.subject.parent in ("Одежда", "Обувь"),
        "kizMarked": False,
        "dimensions": {"length": length, "width": width, "height": height, "weightBrutto": weight, "isValid": True},
        "characteristics": [{"id": 14177449, "name": "Цвет", "value": [card.colour]}],
        "sizes": _sizes(call, card),
        "createdAt": zulu(card.created_at),
        "updatedAt": zulu(card.updated_at),
    }
    # Fields without a value are left out, not null.
    if card.photos:
        shown["photos"] = _photos(card)
    if card.tags:
        shown["tags"] = [{"id": 592569, "name": name, "color": "D1CFD7"} for name in card.tags]
    return shown


def _shown_in_trash(call: Call, card: Card) -> dict[str, Any]:
    shown = _shown(call, card)
    names = (
        "nmID",
        "vendorCode",
        "kizMarked",
        "subjectID",
        "subjectName",
        "photos",
        "sizes",
        "dimensions",
        "createdAt",
    )
    return {name: shown[name] for name in names if name in shown} | {"trashedAt": zulu(card.trashed_at)}
