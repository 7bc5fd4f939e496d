"""Everything a room or a product can plug into the house. Read this file first.

These are declarations only: plain data, no behaviour, nothing imported from any room.
Found by convention in a room's package, so not declared: templates/, static/, locale/, migrations/.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType
from typing import Any, Literal

from fastapi import APIRouter

from verf.kit import Money
from verf.settings import Section

Role = Literal["viewer", "member", "admin", "owner"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Enqueue a fresh `message()` every `every`, counted from midnight UTC; fires once however many workers run.

    Slots missed while nothing ran, or skipped when the sandbox clock jumps, collapse into one.
    """

    every: timedelta
    message: type[Any]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A kind of message to a person; its templates sit in <package>/templates/<room>/notices/<name>.mjml."""

    name: str
    data: type[Any]
    channels: Sequence[Literal["email", "telegram", "inbox"]] = ("email",)
    can_opt_out: bool = True


@dataclass(frozen=True, kw_only=True)
class Plan:
    name: str
    price: Money
    period: Literal["month", "year", "once"]
    grants: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A readiness check: raises with a sentence for the operator when not ready."""

    name: str
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """A line in the side menu. `label` is English and translated when shown; `icon` is a lucide name."""

    label: str
    href: str
    icon: str
    role: Role = "viewer"
    staff: bool = False


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A reason to choose the product, for the front page. English, translated when shown; `icon` is a lucide name."""

    icon: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """A stand-in for one outside service, mounted in sandbox mode only.

    `create(folder)` makes the ASGI app that speaks the service's own protocol, mounted at /sandbox/<name>;
    `control` is a router mounted at /sandbox/api/<name>. `folder` keeps its state over restarts. `tick(app)` lives up
    to the present by the sandbox clock; it is awaited about five times a second and after each step of the clock,
    before the step is answered.
    """

    name: str
    title: str
    create: Callable[[Any], Any]
    control: APIRouter | None = None
    tick: Callable[[Any], Awaitable[object]] | None = None
    documentation: str = ""


@dataclass(frozen=True, kw_only=True)
class Room:
    """A room of the house. `package` is its import name: "verf.billing" or "stock"."""

    name: str
    package: str
    models: ModuleType | None = None
    settings: type[Section] | None = None
    # Sections beside the room's own, such as one for each service it talks to.
    more_settings: Sequence[type[Section]] = ()
    routers: Sequence[APIRouter] = ()
    jobs: ModuleType | None = None
    schedules: Sequence[Schedule] = ()
    notices: Sequence[Notice] = ()
    checks: Sequence[Check] = ()
    navigation: Sequence[NavigationItem] = ()
    simulators: Sequence[Simulator] = ()
    # Problem types this room's errors may answer with: code -> English title (RFC 9457).
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Product(Room):
    """A room with a street door: a title, a host name, a price list."""

    title: str
    host: str
    home: str = "/"
    # What it does for the customer, in a line and in a sentence or two.
    promise: str = ""
    summary: str = ""
    features: Sequence[Feature] = ()
    plans: Sequence[Plan] = field(default=())
    bot: Any = None
