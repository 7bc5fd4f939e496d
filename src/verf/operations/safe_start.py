"""Why production does not start like this."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from verf.manifest import Room
from verf.settings import SHORTEST_SECRET, House, Section

WEAK = (
    "password",
    "passwort",
    "secret",
    "changeme",
    "change-me",
    "change_me",
    "example",
    "default",
    "insecure",
    "12345",
)
FEWEST_CHARACTERS = 10
TEST_MODES = frozenset({"test_mode", "sandbox", "debug", "allow_loopback"})
OURSELVES = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - refused, not listened on


def refusals(rooms: Sequence[Room]) -> list[str]:
    """Sentences for the operator, without values; empty when nothing stands in the way. The sandbox takes anything."""
    try:
        house = House()
    except ValidationError as error:
        return list(_mistakes(House, error))
    sections = sections_of(rooms)
    if house.is_sandbox:
        return [sentence for section in sections for sentence in _unreadable(section)]
    return [*_of_the_house(house), *(sentence for section in sections for sentence in _of_section(section))]


def sections_of(rooms: Sequence[Room]) -> list[type[Section]]:
    return [section for room in rooms for section in (room.settings, *room.more_settings) if section]


def _of_the_house(house: House) -> Iterator[str]:
    key = house.secret_key.get_secret_value()
    if not key:
        yield "VERF_SECRET_KEY is not set."
    elif len(key) < SHORTEST_SECRET:
        yield f"VERF_SECRET_KEY is shorter than {SHORTEST_SECRET} characters."
    elif is_weak(key) or len(set(key)) < FEWEST_CHARACTERS:
        yield "VERF_SECRET_KEY can be guessed; make a random one."
    address = urlsplit(house.public_url)
    if address.scheme != "https" or not address.hostname:
        yield "VERF_PUBLIC_URL must be an https:// address."
    elif address.hostname in OURSELVES:
        yield "VERF_PUBLIC_URL must be the address people use, not this machine's own."


def _of_section(section: type[Section]) -> Iterator[str]:
    unreadable = list(_unreadable(section))
    if unreadable:
        yield from unreadable
        return
    settings = section()
    for name in section.model_fields:
        value = getattr(settings, name)
        variable = variable_of(section, name)
        if name in TEST_MODES and value is True:
            yield f"{variable} switches a test mode on."
        if isinstance(value, SecretStr) and (text := value.get_secret_value()) and "://" not in text and is_weak(text):
            yield f"{variable} can be guessed; make a random one."
        if isinstance(value, str) and _is_simulated(value):
            yield f"{variable} leads to a simulator."


def _unreadable(section: type[Section]) -> Iterator[str]:
    try:
        section()
    except ValidationError as error:
        yield from _mistakes(section, error)


def _mistakes(section: type[Section], error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False):
        variable = variable_of(section, str(fault["loc"][0]) if fault["loc"] else "")
        yield f"{variable.rstrip('_')}: {fault['msg']}."


def is_weak(secret: str) -> bool:
    lowered = secret.casefold()
    return len(set(lowered)) <= 2 or any(word in lowered and len(lowered) < 3 * len(word) + 16 for word in WEAK)


def variable_of(section: type[Section], field: str) -> str:
    info = section.model_fields.get(field)
    if info and isinstance(info.validation_alias, str):
        return info.validation_alias.upper()
    return f"{section.model_config.get('env_prefix', '')}{field}".upper()


def _is_simulated(value: str) -> bool:
    address = urlsplit(value) if value.startswith(("http://", "https://")) else None
    return address is not None and (address.hostname in OURSELVES or address.path.startswith("/sandbox"))
