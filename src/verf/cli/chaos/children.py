"""Processes of an experiment: none outlives whoever started it, however that one ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

VERF = Path(sys.executable).parent / "verf"
LEAVES_IN_SECONDS = 60
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# In the child, before it becomes what it is to be: the kernel sends it SIGTERM when its parent is gone, killed or not.
# Only Linux can; elsewhere a parent ended by kill -9 leaves its children.
BOUND = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Stopped(BaseException):
    """Somebody wants this process to end; what it has started ends first."""


def begin(words: Sequence[str], *, settings: Mapping[str, str] | None = None, log: Path | None = None) -> "Child":
    """`verf WORDS` in a session of its own: Ctrl-C in the terminal reaches us alone, and we end our children."""
    command = [sys.executable, "-c", BOUND, str(os.getpid()), str(VERF), *words]
    environment = os.environ | dict(settings or {})
    if log is None:
        return _popen(command, environment, None)
    with log.open("ab") as told:
        return _popen(command, environment, told)


Child = subprocess.Popen[bytes]


def _popen(command: Sequence[str], environment: Mapping[str, str], log: IO[bytes] | None) -> Child:
    return subprocess.Popen(  # noqa: S603
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )


def end(child: Child) -> None:
    """By its own leave; by force when it does not go."""
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(timeout=LEAVES_IN_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def carry_out(words: Sequence[str], *, settings: Mapping[str, str]) -> int:
    """Its exit code; whoever ends us meanwhile ends it first."""
    with _signals_stop():
        child = begin(words, settings=settings)
        try:
            return child.wait()
        except Stopped:
            end(child)
            raise


@contextmanager
def _signals_stop() -> Iterator[None]:
    """But for those that were to be ignored, as under nohup."""
    wanted = [kind for kind in ENDING if signal.getsignal(kind) is not signal.SIG_IGN]
    before = {kind: signal.signal(kind, _stop) for kind in wanted}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """Once: a second Ctrl-C does not leave the rest behind."""
    for kind in ENDING:
        signal.signal(kind, signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)
