"""Two faces of one life: what differs, told so that one sees where to look."""

from collections.abc import Mapping
from typing import Any

Face = Mapping[str, list[dict[str, Any]]]

# The difference between two plans is counted by the second, and trouble takes some: a few cents in a hundred dollars.
SECONDS_COST = 60


def differences(clean: Face, troubled: Face) -> list[str]:
    found = []
    for part in clean:
        before, after = list(clean[part]), list(troubled.get(part, []))
        for row in list(before):
            twin = next((each for each in after if is_like(row, each)), None)
            if twin is not None:
                before.remove(row)
                after.remove(twin)
        found += [f"{part}: missing  {_told(row)}" for row in before]
        found += [f"{part}: too many {_told(row)}" for row in after]
    return found


def is_like(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """The same, but for seconds that passed before a difference was paid."""
    if one.keys() != other.keys():
        return False
    return all(
        value == other[name] or (isinstance(value, int) and _is_money(name) and _is_near(value, other[name]))
        for name, value in one.items()
    )


def _is_money(name: str) -> bool:
    return name == "amount" or " " in name


def _is_near(one: int, other: Any) -> bool:
    return isinstance(other, int) and abs(one - other) <= SECONDS_COST and (one > 0) == (other > 0)


def _told(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value not in ("", None, False))
