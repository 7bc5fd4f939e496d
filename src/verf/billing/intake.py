"""Webhooks that come while a transaction is under way share the next one; each is answered after its own commit.

What a commit costs is then paid once for all that came in the meantime, and one that comes alone waits for nobody. No
message can spoil it for others: when a shared transaction fails, each of them gets one of its own.
"""

import asyncio
from collections.abc import Sequence
from contextvars import Context

from verf.billing.inbox import Letter, Stored, store, store_new
from verf.database import transaction, transaction_on_line
from verf.errors import Unavailable
from verf.telemetry import log

MOST_TOGETHER = 32
# While one transaction travels, a second begins when it would carry this many.
WORTH_A_SECOND = 4
WRITERS = 2

_waiting: list[tuple[Letter, "asyncio.Future[Stored | None]"]] = []
_writing: set[asyncio.Task[None]] = set()


async def take(letter: Letter) -> Stored:
    """Store the message and its job, and come back when both are committed. Raises what kept them from it."""
    if letter.event.question:
        return await _alone(letter)
    loop = asyncio.get_running_loop()
    stored: asyncio.Future[Stored | None] = loop.create_future()
    _waiting.append((letter, stored))
    _write_soon(loop)
    # Here before, or stored by nobody yet: a transaction of its own, in its own request.
    return await stored or await _alone(letter)


def _write_soon(loop: asyncio.AbstractEventLoop) -> None:
    under_way = sum(not each.done() and each.get_loop() is loop for each in _writing)
    if not under_way or (under_way < WRITERS and len(_waiting) >= WORTH_A_SECOND):
        # A fresh context: no single request is the one that is written for.
        writer = loop.create_task(_write_all(), context=Context())
        _writing.add(writer)
        writer.add_done_callback(_writing.discard)


async def _write_all() -> None:
    while _waiting:
        # In one order everywhere, so that two transactions with the same events cannot wait for each other.
        together = sorted(_waiting[:MOST_TOGETHER], key=lambda each: each[0].event.id)
        del _waiting[:MOST_TOGETHER]
        found: Sequence[Stored | None] = [None] * len(together)
        try:
            async with transaction_on_line() as line:
                found = await store_new(line, [letter for letter, _ in together])
        except Unavailable as error:
            for _, stored in together:
                if not stored.done():
                    stored.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whose fault it is shows when each is tried alone
            kind = type(error).__name__
            log(__name__).warning("webhooks could not be stored together", webhooks=len(together), error=kind)
        finally:
            for (_, stored), outcome in zip(together, found, strict=True):
                if not stored.done():
                    stored.set_result(outcome)


async def _alone(letter: Letter) -> Stored:
    # Only a question needs to see whose order it is.
    scope = f"billing: {letter.provider.name} asks whether to charge" if letter.event.question else None
    async with transaction(system=scope) as session:
        return await store(session, letter)
