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

_waiting: list[tuple[Letter, "asyncio.Future[Stored | None]"]] = []
_writing: asyncio.Task[None] | None = None


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
    global _writing
    if _writing is None or _writing.done() or _writing.get_loop() is not loop:
        # A fresh context: no single request is the one that is written for.
        _writing = loop.create_task(_write_all(), context=Context())


async def _write_all() -> None:
    while _waiting:
        together = _waiting[:MOST_TOGETHER]
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
