"""A coroutine that is killed at its n-th pause, wherever that is: in a query, in a commit, in a call to a provider."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


class Dying:
    """`await Dying(work, at=n)` cancels the work when it waits for the n-th time; `has_died`: whether it came to that.

    What it was doing is undone as in a worker that is cancelled: the connection is dropped, nothing more is committed.
    """

    def __init__(self, work: Coroutine[Any, Any, Any], *, at: int) -> None:
        self._work, self._at = work, at
        self.has_died = False

    def __await__(self) -> Generator[Any, Any, Any]:
        steps, pauses = self._work.__await__(), 0
        trouble: BaseException | None = None
        while True:
            try:
                pause = steps.throw(trouble) if trouble else steps.send(None)
            except StopIteration as done:
                return done.value
            except asyncio.CancelledError:
                if self.has_died:
                    return None
                raise
            trouble, pauses = None, pauses + 1
            if pauses == self._at:
                self.has_died = True
                trouble = asyncio.CancelledError()
                continue
            try:
                yield pause
            except BaseException as error:  # noqa: BLE001 - handed to the work, whose it is
                trouble = error
