"""Which rooms this house has: the platform's own, and the products that are installed."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from verf.manifest import Product, Room
from verf.settings import House, load

# From the ground up: migrations and start-up go in this order.
PLATFORM = (
    "sandbox",
    "database",
    "jobs",
    "limits",
    "realtime",
    "web",
    "audit",
    "operations",
    "identity",
    "organisations",
    "notifications",
    "billing",
    "admin",
)


def platform_rooms() -> list[Room]:
    return [import_module(f"verf.{name}.manifest").room for name in PLATFORM]


def installed_products() -> list[Product]:
    """Products name themselves in their pyproject.toml, under the entry point group verf.products.

    VERF_PRODUCTS chooses some of them by name, comma separated; empty means all.
    """
    wanted = {name.strip() for name in load(House).products.split(",") if name.strip()}
    points = _declared()
    unknown = wanted - {point.name for point in points}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise LookupError(f"VERF_PRODUCTS names products that are not installed: {names}.")
    return [point.load() for point in points if not wanted or point.name in wanted]


def all_rooms() -> Sequence[Room]:
    return [*platform_rooms(), *installed_products()]


@cache
def _declared() -> Sequence[EntryPoint]:
    """Read once: the files of every installed package are searched for them."""
    return sorted(entry_points(group="verf.products"), key=lambda point: point.name)
