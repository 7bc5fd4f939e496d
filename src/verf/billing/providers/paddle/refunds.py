"""Refunds are adjustments. Paddle approves them by hand or by rule, and only then has money moved."""

from collections.abc import Iterable, Mapping
from typing import Any

from verf.billing.providers.paddle.answers import Api
from verf.billing.providers.paddle.fields import Json
from verf.billing.providers.paddle.payments import refund_of
from verf.billing.providers.pictures import Refund
from verf.kit import Money


async def refund(api: Api, payment: str, money: Money, *, key: str, reason: str) -> Refund:
    """The key stands in the reason, the one field of ours that an adjustment keeps."""
    mark = f"[{key}]"
    earlier = [each async for each in api.every("/adjustments", transaction_id=payment, action="refund")]
    made = next((each for each in earlier if each["reason"].endswith(mark)), None)
    if made:
        return refund_of(made)
    transaction = await api.get(f"/transactions/{payment}")
    body = {
        "action": "refund",
        "transaction_id": payment,
        "reason": f"{reason} {mark}".strip(),
        **_extent(transaction, earlier, money),
    }
    return refund_of(await api.post("/adjustments", body))


def _extent(transaction: Json, earlier: Iterable[Json], money: Money) -> Mapping[str, Any]:
    standing = [each for each in earlier if each["status"] != "rejected"]
    if not standing and money.minor_units == int(transaction["details"]["totals"]["grand_total"]):
        return {"type": "full"}
    return {"type": "partial", "items": _parts(transaction["details"]["line_items"], standing, money.minor_units)}


def _parts(lines: list[Json], earlier: list[Json], amount: int) -> list[Json]:
    """From each line as much as is left of it; what is too much stays on the last, for Paddle to refuse."""
    parts = []
    for line in lines:
        part = min(amount, max(0, int(line["totals"]["total"]) - _given_back(line, earlier)))
        amount -= part
        if line is lines[-1]:
            part += amount
        if part:
            parts.append({"item_id": line["id"], "type": "partial", "amount": str(part)})
    return parts


def _given_back(line: Json, earlier: list[Json]) -> int:
    items = (item for adjustment in earlier for item in adjustment["items"])
    return sum(int(item["totals"]["total"]) for item in items if item["item_id"] == line["id"])
