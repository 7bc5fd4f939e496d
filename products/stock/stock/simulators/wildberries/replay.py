"""The real order lines of Online Retail (UCI, CC BY 4.0), laid over a calendar of four weeks that repeats for ever.

The file holds five days of December 2010: Wednesday, Thursday, Friday, Sunday (Saturday had no orders). Each of its
invoices is played exactly once in four weeks, on a weekday like its own (Monday borrows from Wednesday, Tuesday from
Thursday, Saturday from Friday), at its own time of day. A line is one unit, because these buyers are wholesalers.
"""

import csv
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

from stock.simulators.wildberries.moments import MINUTE, weekday

ROUBLES_PER_POUND = 104
LOOP = 28
# The day of December 2010 whose invoices stand for each weekday, Monday first, and how many weekdays share it.
SOURCE_DAY = (1, 2, 1, 2, 3, 3, 5)
SHARED_BY = (2, 2, 2, 2, 2, 2, 1)
TURN = (0, 0, 1, 1, 0, 1, 0)


@dataclass(frozen=True, slots=True)
class Good:
    code: str
    title: str
    price: int


@dataclass(frozen=True, slots=True)
class Line:
    invoice: str
    good: int
    minute: int
    price: int
    is_credit: bool


@cache
def _rows() -> list[dict[str, str]]:
    text = resources.files("stock.simulators.wildberries").joinpath("data/online-retail.csv").read_text("utf-8-sig")
    rows = csv.DictReader(text.splitlines(), delimiter=";")
    # Codes without a digit in front are postage, fees and corrections, not goods.
    return [row for row in rows if row["StockCode"][:1].isdigit()]


@cache
def retail_goods() -> tuple[Good, ...]:
    goods: dict[str, Good] = {}
    for row in _rows():
        code = row["StockCode"]
        if code not in goods or not goods[code].title:
            title = " ".join(row["Description"].split()).capitalize()
            goods[code] = Good(code, title, max(10, roubles(row["UnitPrice"])))
    return tuple(goods.values())


def roubles(pounds: str) -> int:
    return round(float(pounds.replace(",", ".")) * ROUBLES_PER_POUND)


@cache
def _invoices() -> dict[int, list[list[Line]]]:
    """For each day of December 2010 its invoices, in the order they came."""
    number_of = {good.code: number for number, good in enumerate(retail_goods())}
    days: dict[int, dict[str, list[Line]]] = {}
    for row in _rows():
        when = datetime.strptime(row["InvoiceDate"], "%d/%m/%Y %H:%M")  # noqa: DTZ007 - wall clock of the shop
        line = Line(
            invoice=row["InvoiceNo"],
            good=number_of[row["StockCode"]],
            minute=when.hour * 60 + when.minute,
            price=roubles(row["UnitPrice"]),
            is_credit=int(row["Quantity"]) < 0,
        )
        days.setdefault(when.day, {}).setdefault(line.invoice, []).append(line)
    return {day: list(invoices.values()) for day, invoices in days.items()}


def lines_of(day: int) -> list[Line]:
    """The order lines which the loop plays on this day, by time."""
    kind = weekday(day)
    invoices = _invoices()[SOURCE_DAY[kind]]
    slots = 4 * SHARED_BY[kind]
    slot = (day % LOOP) // 7 * SHARED_BY[kind] + TURN[kind]
    lines = [line for invoice in invoices[slot::slots] for line in invoice]
    return sorted(lines, key=lambda line: (line.minute, line.invoice))


def time_of_day(line: Line, position: int) -> int:
    """Lines of one minute follow each other within it."""
    return line.minute * MINUTE + position % 59 * 1_000_000
