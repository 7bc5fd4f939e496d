"""Which providers this house takes money through."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from verf.billing.providers.paddle import Paddle
from verf.billing.providers.paddle import connection as paddle_connection
from verf.billing.providers.provider import Provider
from verf.billing.providers.stripe import configured as stripe
from verf.billing.providers.wata import Wata, WataSettings
from verf.billing.providers.yookassa import YooKassa, YooKassaSettings
from verf.errors import NotFound
from verf.settings import House, load


class ProviderUnknown(NotFound):
    """There is no such provider, or it is not set up here."""


def _paddle() -> Provider | None:
    found = paddle_connection()
    return Paddle(found) if found else None


def _yookassa() -> Provider | None:
    found = load(YooKassaSettings).in_house(load(House))
    return YooKassa(found) if found else None


def _wata() -> Provider | None:
    found = load(WataSettings).in_house(load(House))
    return Wata(found) if found else None


# Each makes the adapter from its settings, or None without an account there. Customers are offered them in this order.
CONNECTORS: dict[str, Callable[[], Provider | None]] = {
    "stripe": stripe,
    "paddle": _paddle,
    "yookassa": _yookassa,
    "wata": _wata,
}

# Settings are read once in a process, and so are these; an adapter may keep what it has learnt, such as a public key.
_made: dict[str, Provider | None] = {}
_given: dict[str, Provider] = {}


def provider(name: str) -> Provider:
    found = _find(name)
    if found is None:
        raise ProviderUnknown(f"Payments through {name} are not set up here.")
    return found


def enabled() -> list[Provider]:
    """In the order in which a customer is offered them."""
    found = (_find(name) for name in dict.fromkeys([*CONNECTORS, *_given]))
    return [each for each in found if each is not None]


def forget_providers() -> None:
    """Make them anew, with nothing learnt: for tests, each of which has other simulators behind the same addresses."""
    _made.clear()


@contextmanager
def use_provider(given: Provider) -> Iterator[None]:
    """Meanwhile this one answers to its name. For tests."""
    before = _given.get(given.name)
    _given[given.name] = given
    try:
        yield
    finally:
        del _given[given.name]
        if before:
            _given[given.name] = before


def _find(name: str) -> Provider | None:
    if name in _given:
        return _given[name]
    if name in CONNECTORS and name not in _made:
        _made[name] = CONNECTORS[name]()
    return _made.get(name)
