"""One client per service and event loop, kept open so that connections are used again."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import httpx

from verf.outbound.addresses import Resolver, resolve
from verf.outbound.guard import GuardedTransport
from verf.outbound.transports import Door, Rules
from verf.settings import House, load

CONNECTIONS = httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30)
LARGEST_ANSWER = 512 * 1024 * 1024
LARGEST_UNTRUSTED_ANSWER = 1024 * 1024
USER_AGENT = "verf/0.1"

Key = tuple[object, ...]

_clients: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, httpx.AsyncClient]]" = WeakKeyDictionary()
_overrides: dict[str, httpx.AsyncBaseTransport] = {}


def client(
    name: str,
    base_url: str,
    *,
    timeout: float = 10,
    headers: Mapping[str, str] | None = None,
    retries: int = 0,
    largest: int = LARGEST_ANSWER,
) -> httpx.AsyncClient:
    """The client of the service `name`, the same object every time it is asked for with the same arguments.

    `retries` repeats idempotent requests (by method, or with an Idempotency-Key) after connection errors, 502, 503 and
    504, with growing pauses; zero unless asked. Never close it: `close_clients()` does at shutdown. It refuses to call
    while a transaction is open. Secrets that differ per tenant go into the headers of the request, not of the client.
    """
    given = dict(headers or {})
    key = (name, base_url, timeout, retries, largest, *sorted(given.items()))
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if key not in clients:
        rules = Rules(retries=retries, largest=largest)
        door = Door(name, httpx.AsyncHTTPTransport(limits=CONNECTIONS), rules, _overrides)
        clients[key] = _make(door, base_url=base_url, timeout=timeout, headers=given)
    return clients[key]


def guarded_client(
    name: str,
    *,
    timeout: float = 10,
    largest: int = LARGEST_UNTRUSTED_ANSWER,
    allow_loopback: bool = False,
    resolver: Resolver = resolve,
) -> httpx.AsyncClient:
    """A client for addresses that people gave us: it dials public addresses only, and exactly those it has checked.

    `allow_loopback` reaches simulators and works in the sandbox only. Redirects are never followed; no compressed
    answers; at most `largest` bytes.
    """
    loopback = allow_loopback and load(House).is_sandbox
    key = ("guarded", name, timeout, largest, loopback, resolver)
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if key not in clients:
        guarded = GuardedTransport(resolver, allow_loopback=loopback)
        door = Door(name, guarded, Rules(retries=0, largest=largest, allow_encoded=False), _overrides)
        clients[key] = _make(door, timeout=timeout, headers={"Accept-Encoding": "identity"})
    return clients[key]


@contextmanager
def use_transport(name: str, transport: httpx.AsyncBaseTransport) -> Iterator[None]:
    """While inside, calls to the service `name` go through this transport: httpx.ASGITransport(simulator) in tests."""
    before = _overrides.get(name)
    _overrides[name] = transport
    try:
        yield
    finally:
        del _overrides[name]
        if before:
            _overrides[name] = before


async def close_clients() -> None:
    """Close what this event loop has opened. The next `client(...)` opens it anew."""
    for open_client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await open_client.aclose()


def _make(door: Door, *, timeout: float, headers: Mapping[str, str], base_url: str = "") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=timeout,
        headers={"User-Agent": USER_AGENT, **headers},
        transport=door,
        follow_redirects=False,
        trust_env=False,
    )
