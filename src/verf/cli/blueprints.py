"""A new product from the blueprint beside this file: working, with tests that pass."""

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from pkgutil import iter_modules

import verf
from verf.errors import Conflict, Invalid

NAME = re.compile(r"[a-z][a-z0-9]{1,29}")


def write_product(name: str, folder: Path) -> Path:
    """Write folder/name and return it. Nothing is written when the name or the place will not do."""
    check_name(name)
    home = folder / name
    if home.exists():
        raise Conflict(f"{home} is there already; choose another name or move it away.")
    words = {"__product__": name, "__title__": name.capitalize()}
    for relative, source in blueprint():
        target = home / _filled(relative.replace("package/", f"{name}/", 1), words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(source.read_text(), words))
    (home / name / "py.typed").touch()
    return home


def check_name(name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise Invalid(f"{name!r} cannot be a product's name: use 2 to 30 lower-case letters and digits, letters first.")
    taken = (
        {"verf", "test", "tests"} | {room.name for room in iter_modules(verf.__path__)} | set(sys.stdlib_module_names)
    )
    taken |= {point.name for point in entry_points(group="verf.products")}
    if name in taken:
        raise Conflict(f"The name {name} is taken; choose another.")


def blueprint() -> Iterator[tuple[str, Traversable]]:
    yield from _walk(files("verf.cli") / "blueprint", "")


def _walk(folder: Traversable, before: str) -> Iterator[tuple[str, Traversable]]:
    for part in sorted(folder.iterdir(), key=lambda part: part.name):
        if part.is_dir():
            yield from _walk(part, f"{before}{part.name}/")
        elif part.name.endswith(".txt"):
            yield before + part.name.removesuffix(".txt"), part


def _filled(text: str, words: dict[str, str]) -> str:
    for token, word in words.items():
        text = text.replace(token, word)
    return text
