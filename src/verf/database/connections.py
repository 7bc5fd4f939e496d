"""The one connection of this process to its database: connect, disconnect, and what hangs on it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from verf.database.addresses import Addresses, as_app, as_asyncpg, asyncpg_arguments
from verf.database.binaries import refuse_too_old
from verf.database.documents import from_json, to_json
from verf.database.lines import Lines
from verf.database.server import EmbeddedServer
from verf.database.settings import DatabaseSettings
from verf.errors import Unavailable
from verf.settings import House, load
from verf.telemetry import log, watch_queries

GLANCE_SECONDS = 1.0


@dataclass(frozen=True)
class Connected:
    addresses: Addresses
    engine: AsyncEngine
    lines: Lines
    reader: Lines
    sessions: async_sessionmaker[AsyncSession]
    server: EmbeddedServer | None
    watching: asyncio.Task[None] | None


_connected: Connected | None = None


async def connect(url: str | URL | None = None, *, owner_url: str | URL | None = None) -> None:
    """Connect this process: to `url`, else to VERF_DATABASE_URL, else to the embedded server of the data folder.

    Makes no tables: `migrate(rooms)` does. Call `disconnect()` at the end.
    """
    global _connected
    if _connected:
        raise RuntimeError("This process is connected already; disconnect() first.")
    server = None
    if url:
        addresses = Addresses(app=as_asyncpg(url), owner=as_asyncpg(owner_url or url), replica=as_asyncpg(url))
    else:
        addresses, server = await _find()
    engine = _writer(addresses.app)
    lines = _lines(addresses.app, "lines")
    reader = _lines(addresses.replica, "reader", default_transaction_read_only="on")
    # autoflush keeps queries honest; expire_on_commit would make rows unreadable after the transaction.
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    watching = asyncio.create_task(_watch(server)) if server else None
    _connected = Connected(addresses, engine, lines, reader, sessions, server, watching)
    try:
        await _check_version(addresses.owner)
    except BaseException:
        await disconnect()
        raise


async def disconnect() -> None:
    """Close every connection, and stop the embedded server if nobody else uses it."""
    global _connected
    if not _connected:
        return
    leaving, _connected = _connected, None
    if leaving.watching:
        leaving.watching.cancel()
        with suppress(asyncio.CancelledError):
            await leaving.watching
    await leaving.engine.dispose()
    await leaving.lines.close()
    await leaving.reader.close()
    if leaving.server:
        await asyncio.to_thread(leaving.server.stop)


def connected() -> Connected:
    if not _connected:
        raise RuntimeError("The database is not connected; call connect() first.")
    return _connected


async def open_connection() -> "asyncpg.Connection[asyncpg.Record]":
    """A connection as the app's role outside the pool, for LISTEN and the job queue. The caller closes it."""
    url = connected().addresses.app
    return await asyncpg.connect(**asyncpg_arguments(url), server_settings=as_app(url))


async def _watch(server: EmbeddedServer) -> None:
    """A server that is killed, as by a machine short of memory, comes back; what was under way fails and is retried."""
    while True:
        await asyncio.sleep(GLANCE_SECONDS)
        try:
            if await asyncio.to_thread(server.revive):
                log(__name__).error("the database server had died and was started again")
        except (Unavailable, OSError) as error:
            log(__name__).error("the database server died and does not start", error=str(error))


async def _find() -> tuple[Addresses, EmbeddedServer | None]:
    settings = load(DatabaseSettings)
    given = settings.url.get_secret_value()
    if not given:
        server = EmbeddedServer(load(House).data / "postgres")
        await asyncio.to_thread(server.start)
        return Addresses(app=server.url(), owner=server.owner_url(), replica=server.url()), server
    return Addresses(
        app=as_asyncpg(given),
        owner=as_asyncpg(settings.owner_url.get_secret_value() or given),
        replica=as_asyncpg(settings.replica_url.get_secret_value() or given),
    ), None


def _writer(url: URL) -> AsyncEngine:
    pool = load(DatabaseSettings)
    engine = create_async_engine(
        url,
        pool_size=pool.pool_size,
        max_overflow=pool.pool_overflow,
        pool_timeout=pool.pool_timeout,
        json_serializer=to_json,
        json_deserializer=from_json,
        connect_args={"server_settings": as_app(url)},
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    watch_queries(engine.sync_engine, pool="writer")
    return engine


def _lines(url: URL, name: str, **settings: str) -> Lines:
    """Its connections keep the organisation of their last reader, so they are never shared with transactions."""
    pool = load(DatabaseSettings)
    return Lines(url, name=name, settings=as_app(url) | settings, most=pool.pool_size, patience=pool.pool_timeout)


def _refuse_closed(connection: Any, record: Any, proxy: Any) -> None:
    """After a restart of the server the pool opens new connections, and nobody pays a round trip to find out."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


async def _check_version(url: URL) -> None:
    try:
        connection = await asyncpg.connect(**asyncpg_arguments(url))
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable(f"The database at {url.host or 'the local socket'} cannot be reached: {error}") from error
    version = connection.get_server_version()
    await connection.close()
    refuse_too_old(version.major)
