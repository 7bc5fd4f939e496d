"""One process that answers requests: its socket, its server, and a stop that lets open streams end."""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from verf.app.house import NotReadyToStart
from verf.realtime import Hub
from verf.settings import House, load

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 10
BACKLOG = 2048


class Server(uvicorn.Server):
    """uvicorn waits for open responses, and a live page never ends by itself: so we end the streams first."""

    def __init__(self, config: uvicorn.Config, hub: Hub, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._hub, self._stop = hub, stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._hub.end_streams()
        self._stop.set()
        super().handle_exit(sig, frame)
        # uvicorn raises the signal again after its own shutdown; ours goes on until the database has stopped.
        self._captured_signals.clear()


def server(application: ASGIApp, hub: Hub, stop: asyncio.Event) -> Server:
    config = uvicorn.Config(
        application,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        # Longer than proxies and our own clients keep a quiet connection: whoever closes first must not be the server,
        # or a request that is just being sent on it is lost.
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # Forwarded headers are trusted in one place, verf.limits, from proxies that are named there.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config, hub, stop)


def listening_socket() -> socket.socket:
    """Taken before anything else starts, so that a port in use is a sentence and not half a house."""
    house = load(House)
    listener = socket.socket(socket.AF_INET6 if ":" in house.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((house.host, house.port))
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = "is in use already" if error.errno == errno.EADDRINUSE else "may not be used by this account"
            raise NotReadyToStart(
                f"Port {house.port} {why}. VERF_PORT chooses another: VERF_PORT={house.port + 100} verf up"
            ) from error
        raise
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def stop_on_signals(stop: Callable[[], object]) -> None:
    """For processes without a web server."""
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(kind, stop)
