"""Which addresses on the internet we may call on somebody's behalf."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

# IPv6 networks whose addresses carry an IPv4 address in their last 32 bits: NAT64, local NAT64, IPv4-compatible.
CARRIERS = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))


# Not all versions of Python know these as closed: protocol assignments, 6to4 relays, benchmarks, site-local, and
# the addresses at which clouds keep their metadata.
CLOSED = tuple(
    ip_network(each)
    for each in ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "100.64.0.0/10", "168.63.129.16/32", "fec0::/10")
)


class AddressRefused(httpx.TransportError):
    """The address leads into a private network, or nowhere."""


async def resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def public_addresses(
    host: str, port: int, *, resolver: Resolver = resolve, allow_loopback: bool = False
) -> list[str]:
    """The addresses of a host, in the resolver's order. One bad address among good ones refuses the host."""
    try:
        # A scope id (fe80::1%eth0) names an interface of ours: what is left after it is judged.
        found = [ip_address(text.partition("%")[0]) for text in await resolver(host, port)]
    except (OSError, UnicodeError, ValueError) as error:
        raise AddressRefused(f"{host} has no address that can be found.") from error
    if not found:
        raise AddressRefused(f"{host} has no address.")
    refused = [address for address in found if not may_dial(address, allow_loopback=allow_loopback)]
    if refused:
        raise AddressRefused(f"{host} leads to an address that is not on the public internet.")
    return list(dict.fromkeys(str(address) for address in found))


def may_dial(address: Address, *, allow_loopback: bool = False) -> bool:
    if allow_loopback and address.is_loopback:
        return True
    return all(_is_public(each) for each in _with_carried(address))


def _is_public(address: Address) -> bool:
    return address.is_global and not (
        any(address in network for network in CLOSED)
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_link_local
    )


def _with_carried(address: Address) -> Iterable[Address]:
    """The address, and the IPv4 addresses it would reach through a translator or a tunnel."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    carried: list[Address | None] = [address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in CARRIERS):
        carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
        return [each for each in carried if each]
    return [address, *(each for each in carried if each)]
