"""Sorting, filtering and paging by address: what the person sees can be bookmarked, sent and reloaded."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

SEARCH_LENGTH = 200
LAST_PAGE = 100_000


@dataclass(frozen=True)
class Table:
    """`Table.read(request, sort=("name", "stock"), default="-stock", filters={"status": ("low", "out")})`.

    Whatever the address says, `sort` is one of the allowed columns and every filter one of its allowed values.
    """

    path: str
    sortable: tuple[str, ...]
    default: str
    sort_parameter: str = ""
    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    page: int = 1
    size: int = 50
    total: int = 0

    @classmethod
    def read(
        cls,
        request: Request,
        *,
        sort: Collection[str],
        default: str,
        filters: Mapping[str, Collection[Any]] | None = None,
        size: int = 50,
    ) -> "Table":
        query = request.query_params
        asked = query.get("sort", "")
        chosen = {name: query.get(name, "") for name in filters or {}}
        return cls(
            path=request.url.path,
            sortable=tuple(sort),
            default=default,
            sort_parameter=asked if asked.removeprefix("-") in sort and asked != default else "",
            search=query.get("q", "").replace("\x00", "").strip()[:SEARCH_LENGTH],
            filters={
                name: chosen[name]
                for name, allowed in (filters or {}).items()
                if chosen[name] in {str(one) for one in allowed}
            },
            page=_page(query.get("page", "")),
            size=size,
        )

    def of(self, total: int) -> "Table":
        """The same table, knowing how many rows there are; a page past the end becomes the last one."""
        known = replace(self, total=total)
        return replace(known, page=min(known.page, max(known.pages, 1)))

    @property
    def sort(self) -> str:
        return (self.sort_parameter or self.default).removeprefix("-")

    @property
    def descending(self) -> bool:
        return (self.sort_parameter or self.default).startswith("-")

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size

    @property
    def limit(self) -> int:
        return self.size

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)

    @property
    def first(self) -> int:
        return self.offset + 1

    @property
    def last(self) -> int:
        return min(self.offset + self.size, self.total)

    @property
    def narrowed(self) -> bool:
        """Whether a search or filter hides rows, so that an empty table can say so."""
        return bool(self.search or self.filters)

    def sorts(self, column: str) -> bool:
        return column in self.sortable

    def aria_sort(self, column: str) -> str:
        if column != self.sort:
            return "none"
        return "descending" if self.descending else "ascending"

    def sort_url(self, column: str) -> str:
        """Another click on the same column turns the order round."""
        turned = f"-{column}" if column == self.sort and not self.descending else column
        return self.url(sort="" if turned == self.default else turned, page=1)

    def url(self, **changes: Any) -> str:
        known: dict[str, Any] = {"q": self.search, **self.filters, "sort": self.sort_parameter, "page": self.page}
        wanted = {**known, **changes}
        said = {
            name: value for name, value in wanted.items() if value not in ("", None) and (name, value) != ("page", 1)
        }
        return f"{self.path}?{urlencode(said)}" if said else self.path


def _page(asked: str) -> int:
    return min(max(int(asked), 1), LAST_PAGE) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 1
