"""This happened: announce a fact in your transaction; each listener gets its own durable job."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs.handlers import ATTEMPTS, AnyFunction, Options, handlers_of, register
from verf.jobs.queue import Entry, add


def on(
    fact: type[Any], *, attempts: int = ATTEMPTS, concurrency: int = 0, system: str | None = None
) -> Callable[[AnyFunction], AnyFunction]:
    """Run the function whenever the fact is announced; it takes what a handler takes."""

    def mark(listener: AnyFunction) -> AnyFunction:
        register(fact, listener, Options(attempts, concurrency, system))
        return listener

    return mark


async def announce(session: AsyncSession, fact: Any) -> None:
    """One durable job per listener, written in this transaction. A fact nobody listens to costs nothing."""
    listeners = handlers_of(type(fact))
    await add(session, [Entry(fact)] * len(listeners), listeners)
