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
class Entitlement:
    """Something that plans give more or less of. `feature` is the name that code asks for, `title` what people read.

    A switch is on or off. A number is how many there may be at once, or a setting such as minutes between syncs, where
    smaller is better. A quota is how many in a window: a month from the billing anchor, or the customer's day; a soft
    one warns and lets through.
    """

    feature: str
    title: str
    kind: Literal["switch", "number", "quota"] = "switch"
    per: Literal["day", "month"] = "month"
    is_hard: bool = True
    smaller_is_better: bool = False
    unit: str = ""
    # The meter at a provider that charges for each unit of a quota; empty: nobody is told.
    reports_to: str = ""
    # How many an organisation has, of a number: asked with a transaction that sees its rows.
    count: Callable[[Any, Any], Awaitable[int]] | None = None


@dataclass(frozen=True, kw_only=True)
class Price:
    """One way to pay for a plan. Prices of other currencies are prices of their own, never computed."""

    money: Money
    interval: Literal["day", "week", "month", "year", "once"] = "month"
    interval_count: int = 1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`gives` says how much of each entitlement: True for a switch, None for without limit; what is left out, it lacks.

    A changed declaration becomes a new version at the next start; who has paid for the old one keeps it.
    """

    name: str
    title: str
    # Going to a higher one is an upgrade and happens now; to a lower one, at the end of the period.
    rank: int
    prices: Sequence[Price]
    gives: Mapping[str, int | bool | None]
    # What each unit costs of a quota that is reported to a meter: one sum a currency, charged when the period is over.
    metered: Mapping[str, Sequence[Money]] = field(default_factory=dict)
    summary: str = ""
    trial_days: int = 0
    # Access after a paid period while the next payment is being tried again.
    grace_days: int = 3


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
class Banner:
    """Something to say on every page of the signed-in. `show(request)` gives the words of `template`, or None.

    It is asked for every whole page, so it answers from memory; the template sees them as `words`.
    """

    template: str
    show: Callable[[Any], Awaitable[Any]]


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
    banners: Sequence[Banner] = ()
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
    entitlements: Sequence[Entitlement] = ()
    plans: Sequence[Plan] = ()
    # The plan that a newcomer tries for its trial_days without a card; empty: none.
    trial_plan: str = ""
    bot: Any = None
