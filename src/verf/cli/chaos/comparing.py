"""Two faces of one life: what differs, told so that one sees where to look.

Sums must be equal to the last minor unit, but for one reason: the difference between two plans is counted by the
second, and no two runs do something in the same second. So each life brings the moments of its purchases and changes
along, and sums of two runs may differ by what the dearest plan costs in the seconds by which those lie apart.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

Face = Mapping[str, list[dict[str, Any]]]

MOMENTS = "moments"
SHORTEST_MONTH_SECONDS = 28 * 86_400


def differences(clean: Face, troubled: Face) -> list[str]:
    found = []
    allowed = seconds_cost(clean.get(MOMENTS, []), troubled.get(MOMENTS, []))
    for part in clean.keys() - {MOMENTS}:
        before, after = list(clean[part]), list(troubled.get(part, []))
        for row in list(before):
            twin = _twin(row, after, allowed)
            if twin is not None:
                before.remove(row)
                after.remove(twin)
        found += [f"{part}: missing  {_told(row)}" for row in before]
        found += [f"{part}: too many {_told(row)}" for row in after]
    return sorted(found)


def seconds_cost(clean: Sequence[Mapping[str, Any]], troubled: Sequence[Mapping[str, Any]]) -> int:
    """In minor units. 0 when no plan was changed, or when not the same was done in both runs."""
    if [each["what"] for each in clean] != [each["what"] for each in troubled]:
        return 0
    if not any(each["what"] == "change" for each in clean):
        return 0
    apart = sum(_apart(one, other) for one, other in zip(clean, troubled, strict=True))
    dearest: int = max(each["dearest"] for each in clean)
    return ceil(dearest * apart / SHORTEST_MONTH_SECONDS) + 1


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Seconds, at most: while it was asked for again and again, it was done at any of these tries."""
    return max(abs(float(one["until"]) - float(other["since"])), abs(float(other["until"]) - float(one["since"])))


def _twin(row: Mapping[str, Any], rows: Sequence[dict[str, Any]], allowed: int) -> dict[str, Any] | None:
    """The very same, before one that is like it."""
    likest = [each for each in rows if each == row] or [each for each in rows if is_like(row, each, allowed)]
    return likest[0] if likest else None


def is_like(one: Mapping[str, Any], other: Mapping[str, Any], allowed: int) -> bool:
    if one.keys() != other.keys():
        return False
    return all(
        value == other[name] or (isinstance(value, int) and _is_money(name) and _is_near(value, other[name], allowed))
        for name, value in one.items()
    )


def _is_money(name: str) -> bool:
    return name == "amount" or " " in name


def _is_near(one: int, other: Any, allowed: int) -> bool:
    return isinstance(other, int) and abs(one - other) <= allowed and (one > 0) == (other > 0)


def _told(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value not in ("", None, False))
