"""What can be made to go wrong, for whom, where and how often."""

import fnmatch
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Literal, get_args

import orjson

from stock.simulators.wildberries.answers import PROBLEM, Answer, json_answer, problem
from stock.simulators.wildberries.moments import SECOND, moment_of
from verf.errors import Invalid
from verf.kit import now

Name = Literal[
    "429", "401", "402", "403", "404", "409", "413", "500", "502", "503", "504",
    "html", "truncated", "slow", "reset", "duplicates", "short", "empty", "no-content", "stale", "drift",
    "wrong-content-type", "snapshot-ignored", "refresh-between-pages", "stuck", "purged", "canceled",
]  # fmt: skip
NAMES: tuple[str, ...] = get_args(Name)
HTML = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
PAYMENT = (
    "wb solution for business has insufficient funds on its balance. please top up the balance in the company's "
    "personal account https://dev.wildberries.ru/company"
)
SOAK: dict[Name, float] = {"429": 0.004, "500": 0.002, "502": 0.001, "504": 0.001, "slow": 0.005}
# Faults that make a reader see less than there is are left out: no reader could then know the truth.
HOSTILE: dict[Name, float] = {
    "429": 0.05, "500": 0.02, "502": 0.02, "503": 0.02, "504": 0.02, "html": 0.03, "truncated": 0.03, "slow": 0.05,
    "duplicates": 0.1, "drift": 0.1, "wrong-content-type": 0.03, "snapshot-ignored": 0.1, "stuck": 0.1,
    "canceled": 0.05,
}  # fmt: skip
DETAILS = {
    401: "token problem; token is malformed: could not base64 decode signature",
    402: PAYMENT,
    403: "access denied",
    404: "Please consult the https://dev.wildberries.ru/openapi/api-information",
    409: "The store is processing",
    413: "request body too large",
}


@dataclass(slots=True)
class Fault:
    id: int
    kind: Name
    seller: str = ""
    path: str = "*"
    count: int | None = None
    until: int | None = None
    rate: float = 1.0
    seconds: float = 5.0
    status: int = 200
    variant: str = "unknown-field"
    used: int = 0

    def concerns(self, sid: str, path: str) -> bool:
        return self.seller in ("", sid) and fnmatch.fnmatchcase(path, self.path)

    def is_over(self, moment: int) -> bool:
        return (self.count is not None and self.used >= self.count) or (self.until is not None and moment >= self.until)


@dataclass
class Faults:
    """Each seller has dice of their own with a fixed seed: a script of faults does the same whoever else is about."""

    _faults: list[Fault] = field(default_factory=list)
    _dice: dict[str, Random] = field(default_factory=dict)
    _last: int = 0

    def add(self, kind: Name, *, for_seconds: float | None = None, **fields: Any) -> Fault:
        if for_seconds is not None:
            fields["until"] = moment_of(now()) + int(for_seconds * SECOND)
        if kind not in NAMES:
            raise Invalid(f"There is no fault {kind}. Known: {', '.join(NAMES)}.")
        self._last += 1
        fault = Fault(self._last, kind, **fields)
        self._faults.append(fault)
        return fault

    def set_mode(self, mode: Literal["golden", "soak", "hostile"]) -> None:
        self.clear()
        for kind, rate in {"golden": {}, "soak": SOAK, "hostile": HOSTILE}[mode].items():
            self.add(kind, rate=rate, seconds=0.5)

    def clear(self, number: int | None = None) -> None:
        self._faults = [fault for fault in self._faults if number is not None and fault.id != number]

    def active(self) -> list[dict[str, Any]]:
        moment = moment_of(now())
        return [asdict(fault) for fault in self._faults if not fault.is_over(moment)]

    def strike(self, sid: str, path: str) -> dict[str, Fault]:
        """The faults that hit this request, each counted as used."""
        moment, hits = moment_of(now()), {}
        for fault in self._faults:
            if not fault.is_over(moment) and fault.concerns(sid, path) and self._roll(sid) < fault.rate:
                fault.used += 1
                hits[str(fault.kind)] = fault
        return hits

    def _roll(self, sid: str) -> float:
        if sid not in self._dice:
            self._dice[sid] = Random(f"faults {sid}")  # noqa: S311 - a toy world
        return self._dice[sid].random()


def instead(hits: dict[str, Fault]) -> Answer | None:
    """The answer that a fault gives in place of the real one."""
    if "html" in hits:
        status = hits["html"].status
        text = {403: "403 Forbidden", 502: "502 Bad Gateway"}.get(status, "Сервис временно недоступен")
        return Answer(status, HTML.format(text).encode(), "text/html; charset=utf-8")
    if "no-content" in hits:
        return Answer(204)
    for kind in hits:
        if kind.isdigit() and kind != "429":
            return _status(int(kind))
    return None


def _status(status: int) -> Answer:
    if status == 402:
        return json_answer({"title": "payment required", "detail": PAYMENT}, 402, PROBLEM)
    if status == 409:
        return json_answer({"code": "Conflict", "message": DETAILS[409]}, 409)
    return problem(status, DETAILS.get(status, "upstream request failed"))


def spoil(answer: Answer, hits: dict[str, Fault]) -> Answer:
    """The real answer, damaged."""
    if answer.status != 200:
        return answer
    if hits.keys() & {"duplicates", "short", "empty", "drift"} and answer.media.startswith("application/json"):
        content = orjson.loads(answer.body)
        for kind in ("empty", "short", "duplicates"):
            if kind in hits:
                content = _with_rows(content, kind)
        if "drift" in hits:
            content = _drifted(content, hits["drift"].variant)
        answer.body = orjson.dumps(content)
    if "truncated" in hits:
        answer.body = answer.body[: len(answer.body) // 2]
    if "wrong-content-type" in hits:
        answer.media = "plain/text"
    return answer


ROWS = ("items", "cards", "listGoods", "orders", "stocks")


def _with_rows(content: Any, kind: str) -> Any:
    if isinstance(content, list):
        return _changed(content, kind)
    if isinstance(content, dict):
        return {
            name: _changed(value, kind)
            if name in ROWS and isinstance(value, list)
            else _with_rows(value, kind)
            if name == "data"
            else value
            for name, value in content.items()
        }
    return content


def _changed(rows: list[Any], kind: str) -> list[Any]:
    if kind == "empty":
        return []
    if kind == "short":
        return rows[: len(rows) // 2]
    return rows + rows[: max(1, len(rows) // 10)]


def _drifted(content: Any, variant: str) -> Any:
    """The API changed overnight: unknown fields, fields gone, null for a value, money as text."""
    if isinstance(content, list):
        return [_drifted(item, variant) for item in content]
    if not isinstance(content, dict):
        return content
    changed = {name: _drifted(value, variant) for name, value in content.items()}
    if variant == "unknown-field":
        changed["schemaHint"] = {"version": 7, "flags": ["new"]}
    if variant == "money-as-text":
        changed |= {
            name: f"{value:.2f}"
            for name, value in changed.items()
            if name.lower().endswith("price") and isinstance(value, (int, float))
        }
    if variant == "null":
        changed |= {name: None for name in ("brand", "title", "warehouseName", "regionName") if name in changed}
    if variant == "missing":
        changed = {
            name: value for name, value in changed.items() if name not in ("regionName", "subjectName", "countryName")
        }
    if variant == "new-enum" and "warehouseType" in changed:
        changed["warehouseType"] = "Склад партнёра"
    return changed
