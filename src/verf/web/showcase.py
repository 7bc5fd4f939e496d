"""Invented goods for the page that shows the design system."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import sin
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request

from verf.kit import Money, now
from verf.web import charts
from verf.web.formats import format_date, format_number
from verf.web.forms import FieldErrors, Form
from verf.web.locales import gettext as _
from verf.web.tables import Table

NAMES = (
    "Green tea, 100 g",
    "Black tea, 250 g",
    "Oolong, 50 g",
    "Honey, 0.5 l",
    "Cup, porcelain",
    "Teapot, 0.8 l",
    "Sugar, cane",
)
STATES = ("ok", "low", "out")


class Sample(BaseModel):
    name: str = Field(min_length=3)
    price: Decimal = Field(gt=0)
    market: str
    watch: bool = False


@dataclass(frozen=True)
class Good:
    sku: str
    name: str
    state: str
    price: Money
    quantity: int
    trend: list[float]


def _goods() -> list[Good]:
    return [
        Good(
            sku=f"GT-{1000 + index * 37}",
            name=NAMES[index % len(NAMES)],
            state=STATES[(index * 7) % 5 % 3],
            price=Money(19900 + index * 4150, "RUB"),
            quantity=0 if (index * 7) % 5 % 3 == 2 else (index * 61) % 900,
            trend=[20 + 10 * sin(day / 3 + index) + (index * day) % 7 for day in range(30)],
        )
        for index in range(47)
    ]


def showcase(request: Request) -> dict[str, Any]:
    table = Table.read(request, sort=("name", "price", "quantity"), default="name", filters={"state": STATES}, size=8)
    found = [
        good
        for good in _goods()
        if table.search.lower() in f"{good.name} {good.sku}".lower()
        and table.filters.get("state", good.state) == good.state
    ]
    found.sort(
        key=lambda good: getattr(good, table.sort) if table.sort != "price" else good.price.minor_units,
        reverse=table.descending,
    )
    known = table.of(len(found))
    return {
        "table": known,
        "goods": found[known.offset : known.offset + known.limit],
        "money": Money(1_248_350_00, "RUB"),
        "trend": [40 + 12 * sin(day / 4) + day for day in range(30)],
        "at": now() - timedelta(hours=3),
        "faulty": _faulty(),
        **_pictures(),
    }


def _faulty() -> Form[Sample]:
    errors = FieldErrors({"price": _("Enter a number, for example 19.90."), "market": _("Fill this in.")})
    return Form(values={"name": "Earl Grey", "price": "twelve", "watch": "on"}, errors=errors)


def _pictures() -> dict[str, Any]:
    days = [now().date() - timedelta(days=29 - day) for day in range(44)]
    labels = [format_date(day, "d MMM") for day in days]
    stock: list[float | None] = [
        max(0, round(900 - day * 44 + 60 * sin(day))) if day < 21 else 700 - (day - 21) * 24 for day in range(30)
    ]
    forecast: list[float | None] = [None] * 29 + [max(0, (stock[29] or 0) - step * 30) for step in range(15)]
    line = charts.line(
        labels,
        [
            charts.Series(name=_("Stock"), values=stock + [None] * 14, area=True),
            charts.Series(name=_("Forecast"), values=forecast, dashed=True),
        ],
        title=_("Stock and forecast"),
        ranges=[
            charts.Range(
                name=_("Likely range"),
                low=[None if value is None else max(0, value - 9 * (day - 28)) for day, value in enumerate(forecast)],
                high=[None if value is None else value + 9 * (day - 28) for day, value in enumerate(forecast)],
            )
        ],
        marks=[charts.Mark(value=250, label=_("Reorder point"))],
        periods=[charts.Period(first=19, last=20, label=_("Out of stock"))],
    )
    bars = charts.bars(
        labels[:6],
        [
            charts.Series(name=_("Moscow"), values=[120, 132, 101, 134, 190, 230]),
            charts.Series(name="", values=[0] * 6),
            charts.Series(name=_("Kazan"), values=[62, 82, 91, 84, 109, 110]),
        ],
        title=_("Orders by warehouse"),
        stacked=True,
    )
    rows = [
        (label, "" if known is None else format_number(known), "" if told is None else format_number(told))
        for label, known, told in zip(labels, stock + [None] * 14, forecast, strict=True)
    ]
    return {"line": line, "bars": bars, "rows": rows}
