"""Token buckets per seller, type of token and method (or group of methods), as Wildberries published them."""

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from stock.simulators.wildberries.answers import Answer, problem
from stock.simulators.wildberries.moments import HOUR, MINUTE, SECOND
from stock.simulators.wildberries.tokens import BASE, PERSONAL, SERVICE, TEST

UNITS = {"ms": SECOND // 1000, "s": SECOND, "min": MINUTE, "h": HOUR}
TYPES = {BASE: "Base", TEST: "Test", PERSONAL: "Personal", SERVICE: "Service"}
WITH_SECRET = "Base with secret"  # noqa: S105 - a name in the list of limits
# A refused request in Marketplace counts as ten.
COST_OF_REFUSAL = 10


@dataclass(frozen=True, slots=True)
class Rule:
    interval: int  # between two requests, and to regain one
    burst: int


@dataclass(frozen=True, slots=True)
class Limit:
    group: str
    rules: dict[str, Rule]
    costs_ten: bool

    def for_type(self, kind: str) -> Rule:
        return self.rules.get(kind) or self.rules.get("") or self.rules["Base"]


@cache
def published() -> dict[tuple[str, str, str], Limit]:
    """(host, method, path) -> its limit."""
    file = resources.files("stock.simulators.wildberries").joinpath("data/rate-limits.json")
    found = {}
    for operation in json.loads(file.read_text("utf-8"))["operations"]:
        for server in operation["servers"] or ():
            host = server.removeprefix("https://").split(".")[0]
            if operation["limits"]:
                found[host, operation["method"], operation["path"]] = _limit(host, operation)
    # Added on 2026-08-25, after the list was published.
    seller_stocks = ("seller-analytics-api", "POST", "/api/analytics/v1/stocks-report/seller-warehouses")
    found[seller_stocks] = Limit(" ".join(seller_stocks), {"": Rule(20 * SECOND, 1)}, costs_ten=False)
    return found


def _limit(host: str, operation: dict[str, object]) -> Limit:
    scope, note = str(operation["scope"]), str(operation["note"])
    own = f"{operation['method']} {operation['path']}"
    rows = operation["limits"]
    assert isinstance(rows, list)
    rules = {row.get("type") or "": Rule(_duration(row["interval"]), int(row["burst"].split()[0])) for row in rows}
    return Limit(f"{host} {scope if ' for ' in scope else own}", rules, costs_ten="counted as 10" in note)


def _duration(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+) ?(ms|s|min|h)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def limit_of(host: str, method: str, path: str) -> Limit:
    if path == "/ping":
        # Each host has its own ping, and programs that poll it are shut out: a large first burst, then 3 in 30 s.
        return Limit(f"{host} ping", {"": Rule(10 * SECOND, 99)}, costs_ten=False)
    return published()[host, method, path]


@dataclass(slots=True)
class Bucket:
    """A token bucket kept as one moment: when it will be full again."""

    rule: Rule
    full_at: int = 0

    def debt(self, moment: int) -> int:
        debt = max(0, self.full_at - moment)
        # A clock that was turned back must not lock anybody out for ever.
        return debt if debt <= (self.rule.burst + COST_OF_REFUSAL) * self.rule.interval else 0

    def allowed_at(self, moment: int) -> int:
        """The first moment, from this one on, at which a request is served."""
        return moment + max(0, self.debt(moment) - (self.rule.burst - 1) * self.rule.interval)

    def remaining(self, moment: int) -> int:
        return max(0, (self.rule.burst * self.rule.interval - self.debt(moment)) // self.rule.interval)

    def take(self, moment: int, cost: int = 1) -> None:
        self.full_at = moment + self.debt(moment) + cost * self.rule.interval


class Limits:
    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    def bucket(self, sid: str, kind: str, limit: Limit) -> Bucket:
        """All tokens of one type of one seller draw from the same bucket."""
        return self._buckets.setdefault((sid, kind, limit.group), Bucket(limit.for_type(kind)))

    def forget(self) -> None:
        self._buckets.clear()


def refusal(bucket: Bucket, sid: str, moment: int) -> Answer:
    answer = problem(429, f"limited by {sid}", origin="ag-limiter")
    answer.headers = {
        "X-Ratelimit-Retry": _seconds(bucket.allowed_at(moment) - moment),
        "X-Ratelimit-Limit": str(bucket.rule.burst),
        "X-Ratelimit-Reset": _seconds(bucket.debt(moment)),
    }
    return answer


def _seconds(span: int) -> str:
    return str(max(1, math.ceil(span / SECOND)))
