import random
import socket
from contextlib import suppress

# Below those that systems give to whoever calls: one of these may be taken before the server stands.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port of this machine that nobody listens at; several runs side by side hardly ever choose the same."""
    while True:
        port = random.choice(PORTS)  # noqa: S311 - nothing is secret about it
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
