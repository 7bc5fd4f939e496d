from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID

from verf.kit import Money
from verf.notifications.samples import sample_of

OrderId = NewType("OrderId", UUID)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Line:
    title: str
    price: Money


@dataclass(frozen=True)
class Order:
    id: OrderId
    name: str
    lines: list[Line]
    more: Sequence[Line]
    pair: tuple[int, str]
    many: tuple[Line, ...]
    counts: dict[str, int]
    state: Literal["new", "old"]
    colour: Colour
    at: datetime
    day: date | None
    is_gift: bool


def test_every_shape_of_data_has_a_sample():
    order = sample_of(Order)
    assert isinstance(order.id, UUID)
    assert order.lines[0].price.currency == "RUB"
    assert order.more[0].title == "Title"
    assert order.pair == (7, "Pair")
    assert isinstance(order.many[0], Line)
    assert order.counts == {"Counts": 7}
    assert (order.state, order.colour, order.is_gift) == ("new", Colour.RED, True)
    assert order.day is not None
