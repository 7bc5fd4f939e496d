"""Who is asking: an operator, or the internet."""

from hmac import compare_digest
from ipaddress import ip_address, ip_network

from starlette.requests import HTTPConnection

from verf.limits import client_address
from verf.operations.settings import OperationsSettings
from verf.settings import load

FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


def is_operator(connection: HTTPConnection) -> bool:
    """With the token, or from an operator's network.

    Behind a proxy that nobody has told us to trust every caller seems to come from this machine, so then only the
    token counts.
    """
    settings = load(OperationsSettings)
    token = settings.token.get_secret_value()
    given = connection.headers.get("authorization", "").removeprefix("Bearer ")
    if token and compare_digest(given.encode(), token.encode()):
        return True
    address = client_address(connection)
    peer = connection.client.host if connection.client else ""
    if address == peer and any(name in connection.headers for name in FORWARDED):
        return False
    return _within(address, settings.operator_networks)


def _within(address: str, networks: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(part.strip(), strict=False) for part in networks.split(",") if part.strip())
