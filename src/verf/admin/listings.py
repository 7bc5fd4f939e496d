"""Lists that only grow are paged by the last row seen, so that new rows push nothing onto a page twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request

PAGE = 50
LONGEST_SEARCH = 200


class Named(Protocol):
    @property
    def id(self) -> Any: ...


@dataclass(frozen=True)
class Wanted:
    """What the address asks for; what cannot be understood is as if it had not been said."""

    path: str
    search: str = ""
    state: str = ""
    after: UUID | None = None

    @classmethod
    def read(cls, request: Request, *, states: Sequence[str] = ()) -> "Wanted":
        query = request.query_params
        state = query.get("state", "")
        return cls(
            path=request.url.path,
            search=query.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH],
            state=state if state in states else "",
            after=_id(query.get("after", "")),
        )

    def older_than(self, rows: Sequence[Named]) -> str:
        """The address of the next page; empty when this is the last one."""
        if len(rows) <= PAGE:
            return ""
        said = {"q": self.search, "state": self.state, "after": str(rows[PAGE - 1].id)}
        return f"{self.path}?{urlencode({name: value for name, value in said.items() if value})}"


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
