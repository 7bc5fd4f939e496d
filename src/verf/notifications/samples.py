"""Made-up data for any notice, so that each can be looked at before anything happened."""

import types
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from verf.kit import Money, now

WORDS = {
    "name": "Anna Ёлкина",
    "email": "anna@example.org",
    "url": "https://verf.example/somewhere?token=0123456789",
    "link": "https://verf.example/somewhere?token=0123456789",
}
ID = UUID("01900000-0000-7000-8000-000000000000")


def sample_of(kind: type[Any]) -> Any:
    """An instance of this dataclass with believable values."""
    hints = get_type_hints(kind)
    return kind(**{field.name: _value(hints[field.name], field.name) for field in fields(kind)})


def _value(kind: Any, name: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Literal, Union, types.UnionType):
        return arguments[0] if origin is Literal else _value(arguments[0], name)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return tuple(_value(argument, name) for argument in arguments)
    if origin is dict:
        return {_value(arguments[0], name): _value(arguments[1], name)}
    if isinstance(origin, type):  # list[Line], Sequence[Line], tuple[Line, ...], set[str]
        several = [_value(arguments[0], name)]
        return several if not issubclass(origin, tuple | set | frozenset) else origin(several)
    if is_dataclass(kind) and kind is not Money:
        return sample_of(kind)  # type: ignore[arg-type]  # a class, said the line above
    return _simple(getattr(kind, "__supertype__", kind), name)


def _simple(kind: Any, name: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    samples: dict[Any, Any] = {
        bool: True,
        int: 7,
        float: 7.5,
        Decimal: Decimal("7.50"),
        datetime: now(),
        date: now().date(),
        timedelta: timedelta(hours=3),
        UUID: ID,
        Money: Money(123_450, "RUB"),
    }
    return samples.get(kind, WORDS.get(name, name.replace("_", " ").capitalize()))
