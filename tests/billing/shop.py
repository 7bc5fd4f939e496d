"""A product that exists for tests only, so that nobody's price list is checked by accident."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.kit import Money
from verf.manifest import Entitlement, Plan, Price, Product
from verf.organisations import people_of

CALLS = Entitlement(feature="calls", title="Calls a month", kind="quota")
DAILY = Entitlement(feature="tokens", title="Tokens a day", kind="quota", per="day")
SOFT = Entitlement(feature="mails", title="Mails a month", kind="quota", is_hard=False)


async def count_seats(session: AsyncSession, organisation: UUID) -> int:
    return len(await people_of(session, organisation))


SEATS = Entitlement(feature="seats", title="Seats", kind="number", count=count_seats)
EXPORT = Entitlement(feature="export", title="Export")

SMALL = Plan(
    name="small",
    title="Small",
    rank=1,
    prices=(
        Price(money=Money.of("10", "USD")),
        Price(money=Money.of("100", "USD"), interval="year"),
        Price(money=Money.of("900", "RUB")),
    ),
    gives={"calls": 10, "tokens": 5, "mails": 10, "seats": 2, "export": False},
    trial_days=14,
)
LARGE = Plan(
    name="large",
    title="Large",
    rank=2,
    prices=(Price(money=Money.of("30", "USD")), Price(money=Money.of("300", "USD"), interval="year")),
    gives={"calls": 1000, "tokens": None, "mails": 100, "seats": 20, "export": True},
)
SHOP = Product(
    name="shop",
    package="shop",
    title="Shop",
    host="shop.example",
    entitlements=(CALLS, DAILY, SOFT, SEATS, EXPORT),
    plans=(SMALL, LARGE),
    trial_plan="small",
)


def shop(*plans: Plan) -> Product:
    """The same shop with another price list."""
    names = [plan.name for plan in plans]
    return replace(SHOP, plans=plans, trial_plan="small" if "small" in names else "")
