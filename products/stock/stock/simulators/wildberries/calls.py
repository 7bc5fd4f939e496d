"""A request that was let in, what it may ask for, and how it is remembered."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

from stock.simulators.wildberries.answers import Answer, Refused
from stock.simulators.wildberries.faults import Fault
from stock.simulators.wildberries.moments import when_of
from stock.simulators.wildberries.sellers import Seller, Sellers
from stock.simulators.wildberries.shelves import View
from stock.simulators.wildberries.shop import Shop
from stock.simulators.wildberries.tokens import BASE, PERSONAL, SERVICE, Claims


@dataclass
class Settings:
    """Switches of the whole simulated marketplace."""

    row_cut: int = 80_000
    hides_warehouses: bool = True
    renames_own_warehouses: bool = True
    scope_status: Literal[401, 403] = 401
    enforces_limits: bool = True
    remains_ready_after_seconds: int = 20


@dataclass(slots=True)
class Call:
    """A request that was let in, and the world it is about."""

    shop: Shop
    moment: int  # the present of the world
    claims: Claims
    settings: Settings
    seller: Seller
    sellers: Sellers
    tasks: dict[str, dict[str, Any]]
    hits: dict[str, Fault]
    path: dict[str, str]
    query: dict[str, str]
    raw: bytes

    @property
    def view(self) -> View:
        return self.shop.view_before if "stale" in self.hits else self.shop.view

    def body(self, refused: Callable[[int, str], Refused]) -> dict[str, Any]:
        try:
            content = orjson.loads(self.raw or b"{}")
        except orjson.JSONDecodeError:
            raise refused(400, "Request body can not be decoded") from None
        if not isinstance(content, dict):
            raise refused(400, "Request body can not be decoded")
        return content


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Method:
    host: str
    verb: str
    path: str
    scope: int | None
    answer: Handler
    types: frozenset[int] = frozenset({BASE, PERSONAL, SERVICE})
    with_secret: bool = True
    writes: bool = False
    # The few methods that tell nothing about goods answer without making the seller's world.
    needs_world: bool = True

    def match(self, host: str, verb: str, path: str) -> dict[str, str] | None:
        if host != self.host or verb != self.verb:
            return None
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


@dataclass(slots=True)
class Entry:
    """A line of the request log. `allowed_at` is the earliest moment the limit let this request through."""

    seller: str
    host: str
    method: str
    path: str
    status: int
    at: int
    allowed_at: int
    kind: str
    flags: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        times = {"at": when_of(self.at).isoformat(), "allowed_at": when_of(self.allowed_at).isoformat()}
        fields = {name: getattr(self, name) for name in self.__slots__ if name not in times}
        return fields | times | {"was_early": self.at < self.allowed_at}
