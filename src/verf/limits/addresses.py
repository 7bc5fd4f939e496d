"""Who is calling, as far as an address can say."""

from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

from verf.limits.settings import LimitsSettings
from verf.settings import load

Network = IPv4Network | IPv6Network
UNKNOWN = "unknown"


def client_address(connection: HTTPConnection) -> str:
    """The caller's address. X-Forwarded-For counts only as far as proxies of ours have written it."""
    peer = connection.client.host if connection.client else UNKNOWN
    return nearest_stranger(
        peer, connection.headers.getlist("x-forwarded-for"), trusted_networks(load(LimitsSettings).trusted_proxies)
    )


def nearest_stranger(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """Walk back from the peer through our own proxies; the first address that is none of ours is the caller's."""
    chain = [entry.strip() for line in forwarded for entry in line.split(",")]
    caller = peer
    while chain and _is_trusted(caller, trusted):
        caller = chain.pop()
    return caller if _parse(caller) else peer


def network_of(address: str) -> str:
    """The address, or for IPv6 its /64: one customer owns all of those."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed or UNKNOWN)


@cache
def trusted_networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _parse(text: str) -> object:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
