"""Which language this request speaks, and the words of every room in it."""

import io
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from babel.core import Locale, parse_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import LazyProxy, NullTranslations, Translations

LOCALES = {"en": "English", "ru": "Русский", "uk": "Українська"}
DEFAULT = "en"

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT)
_catalogs: dict[str, NullTranslations] = {}


def locale() -> str:
    """The language of this request: "en", "ru" or "uk"."""
    return _locale.get()


def speak(language: str) -> None:
    """Set the language for the rest of this task: a request, a job, a stream. Unknown ones become English."""
    _locale.set(language if language in LOCALES else DEFAULT)


def babel_locale() -> Locale:
    return Locale.parse(_locale.get())


@lru_cache(maxsize=512)
def negotiate(*, cookie: str | None, preferred: str | None, accepted: str | None) -> str:
    """The person's own choice first, then their account, then their browser."""
    for candidate in (cookie, preferred, *_languages(accepted or "")):
        if candidate in LOCALES:
            return candidate
    return DEFAULT


def _languages(accepted: str) -> list[str]:
    weighted = []
    for position, part in enumerate(accepted[:500].split(",")):
        tag, _, parameters = part.strip().partition(";")
        weighted.append((-_weight(parameters), position, tag))
    return [_language(tag) for _, _, tag in sorted(weighted)]


def _weight(parameters: str) -> float:
    try:
        return float(parameters.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0


def _language(tag: str) -> str:
    try:
        return parse_locale(tag.strip(), sep="-")[0]
    except ValueError:
        return ""


def load_catalogs(folders: Iterable[Path]) -> None:
    """Compile each room's .po files in memory and merge them; later folders win. English is the source."""
    paths = tuple(folders)
    _catalogs.update({language: _merged(paths, language) for language in LOCALES})


@cache
def _merged(folders: tuple[Path, ...], language: str) -> NullTranslations:
    """Kept: a house is furnished once, its tests a thousand times."""
    merged: NullTranslations = NullTranslations()
    for path in (folder / language / "LC_MESSAGES" / "messages.po" for folder in folders):
        if path.exists():
            merged = _merge(merged, Translations(io.BytesIO(_compiled(path, language))))
    return merged


@cache
def _compiled(path: Path, language: str) -> bytes:
    """As a .mo file."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    binary = io.BytesIO()
    write_mo(binary, catalog)
    return binary.getvalue()


def _merge(merged: NullTranslations, more: Translations) -> NullTranslations:
    return merged.merge(more) if isinstance(merged, Translations) else more


def _words() -> NullTranslations:
    return _catalogs.get(_locale.get()) or NullTranslations()


def gettext(message: str, /, **values: Any) -> str:
    """The message in the reader's language: _("Hello, %(name)s", name=...)."""
    translated = _words().gettext(message) if message else ""
    return translated % values if values else translated


def ngettext(singular: str, plural: str, number: int, /, **values: Any) -> str:
    """One of the forms the language has for this number; %(num)s is the number."""
    return _words().ngettext(singular, plural, number) % {"num": number, **values}


def lazy(message: str, /, **values: Any) -> str:
    """Translated when shown, for texts that stand at module level."""
    proxy: Any = LazyProxy(gettext, message, enable_cache=False, **values)
    return cast("str", proxy)


def raw_gettext(message: str) -> str:
    return _words().gettext(message) if message else ""


def raw_ngettext(singular: str, plural: str, number: int) -> str:
    return _words().ngettext(singular, plural, number)
