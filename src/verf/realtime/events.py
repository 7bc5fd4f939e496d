from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any
from uuid import UUID

import orjson
from fastapi.sse import format_sse_event

_numbers = count(1)


@dataclass(frozen=True)
class Event:
    """Something changed at a topic. `data` is small: ids and numbers, never what only some listeners may see."""

    topic: str
    name: str = "changed"
    data: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def encoded(self) -> bytes:
        """As a browser's EventSource reads it; made once, however many listen."""
        data = orjson.dumps({"topic": self.topic, **self.data}).decode()
        return format_sse_event(event=self.name, data_str=data, id=str(next(_numbers)))


def resync() -> Event:
    """Something may have been missed: the page reads again what it shows."""
    return Event(topic="", name="resync")


def organisation_topic(organisation: UUID, what: str) -> str:
    """Topics carry the tenant, so that nobody listens to another's by guessing a name."""
    return f"organisation:{organisation}/{what}"


def person_topic(person: UUID, what: str) -> str:
    return f"person:{person}/{what}"


def session_topic(session: object) -> str:
    """An event named "ended" here closes the streams of that sign-in."""
    return f"session:{session}"
