"""JSON columns: written and read fast, with ids and moments as text."""

from typing import Any

import orjson


def to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def from_json(text: str | bytes) -> Any:
    return orjson.loads(text)
