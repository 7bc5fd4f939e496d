"""All notices of the house by name, and the folders their templates come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader

from verf.manifest import Notice, Room


@dataclass(frozen=True)
class Entry:
    room: str
    notice: Notice

    @property
    def template(self) -> str:
        return f"{self.room}/notices/{self.notice.name}.mjml.j2"


_entries: dict[str, Entry] = {}
_loader: BaseLoader = ChoiceLoader([])


def configure(rooms: Sequence[Room]) -> None:
    """Called by app, once, with all rooms. Names are unique in the whole house: a delivery knows only the name."""
    global _loader
    _entries.clear()
    for entry in (Entry(room.name, notice) for room in rooms for notice in room.notices):
        known = _entries.setdefault(entry.notice.name, entry)
        if known is not entry:
            raise ValueError(f"{known.room} and {entry.room} both have a notice called {entry.notice.name}.")
    _loader = _loader_of(
        tuple(dict.fromkeys(["verf.notifications", *(room.package for room in rooms if room.notices)]))
    )


@cache
def _loader_of(packages: tuple[str, ...]) -> BaseLoader:
    """Kept, and with it the templates that were read through it."""
    return ChoiceLoader([FileSystemLoader(str(files(package) / "templates")) for package in packages])


def entry_of(name: str) -> Entry:
    try:
        return _entries[name]
    except KeyError:
        raise LookupError(f"No room of this house has a notice called {name}.") from None


def all_entries() -> list[Entry]:
    return [_entries[name] for name in sorted(_entries)]


def template_loader() -> BaseLoader:
    return _loader
