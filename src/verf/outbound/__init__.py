"""The only way out: every call to a service we do not run goes through a client made here.

Not the place for what a service means: its adapter lives in the room or product that uses it.
"""

from verf.outbound.addresses import AddressRefused, public_addresses
from verf.outbound.clients import client, close_clients, guarded_client, use_transport
from verf.outbound.sizes import ResponseTooLarge
from verf.outbound.transports import CallInsideTransaction

__all__ = [
    "AddressRefused",
    "CallInsideTransaction",
    "ResponseTooLarge",
    "client",
    "close_clients",
    "guarded_client",
    "public_addresses",
    "use_transport",
]
