"""PgQueuer, told where its tables are and made to speak through our own transactions."""

import asyncio
from typing import Self, TypeVar

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import Driver, NotifyCallback
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import Line

Kind = TypeVar("Kind", bound=Queries)

CHANNEL = Channel("verf_jobs")

# Every name is given, since PgQueuer would otherwise read bare environment variables such as TRIGGER or CHANNEL.
TABLES = DBSettings(
    db_schema="jobs",
    channel=CHANNEL,
    queue_table="queue",
    queue_table_log="log",
    statistics_table="statistics",
    schedules_table="cron",
    queue_status_type="status",
    function="announce_change",
    trigger="queue_changed",
)

ENVIRONMENT = QueryBuilderEnvironment(TABLES)
QUEUE = QueryQueueBuilder(TABLES)
SCHEDULER = QuerySchedulerBuilder(TABLES)


class StatementDriver(Driver):
    """What every driver of ours answers alike; a kind of driver says how statements travel."""

    @property
    def shutdown(self) -> asyncio.Event:
        return asyncio.Event()

    @property
    def tm(self) -> TaskManager:
        return TaskManager()

    # PgQueuer's protocol asks for it; only the worker's own line listens, and it brings its own.
    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        raise NotImplementedError("This driver does not listen.")

    async def notify(self, channel: str, payload: str) -> None:
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return


class SessionDriver(StatementDriver):
    """Runs the engine's statements on the caller's session.

    Never on its raw asyncpg connection: SQLAlchemy begins lazily, so a raw statement that comes
    first would commit by itself and survive the rollback.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        connection = await self._session.connection()
        result = await connection.exec_driver_sql(query, args)
        return [dict(row) for row in result.mappings()]

    async def execute(self, query: str, *args: object) -> str:
        connection = await self._session.connection()
        result = await connection.exec_driver_sql(query, args)
        return str(result.rowcount)


class LineDriver(StatementDriver):
    """Runs the engine's statements on a line: in its transaction, or each as its own, which spares two trips."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await self._line.ask(query, *args)]

    async def execute(self, query: str, *args: object) -> str:
        return str(len(await self._line.ask(query, *args)))


def engine_on(session: AsyncSession | Line) -> Queries:
    return engine_over(LineDriver(session) if isinstance(session, Line) else SessionDriver(session), Queries)


def engine_over(driver: Driver, kind: type[Kind]) -> Kind:
    return kind(driver, qbe=ENVIRONMENT, qbq=QUEUE, qbs=SCHEDULER)
