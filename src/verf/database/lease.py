"""Who still uses the embedded server: a lock per process that the kernel drops even after kill -9."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Lease:
    """Held by every process that uses the server; the one who gives it up last may stop the server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self) -> None:
        self._file = (self._folder / "lease.lock").open("a+")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Whether nobody else holds a lease. Ask it inside `alone` only, just before giving the lease up."""
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def give_up(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one process at a time starts or stops the server."""
        with (self._folder / "start.lock").open("a+") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
