"""Processes of the benchmark: started with their port, waited for, ended; and what a tree of them weighs."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from verf.database import EmbeddedServer

PATIENCE = 60.0
GLANCE = 0.03


@asynccontextmanager
async def answering(
    *words: str, url: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, float]]:
    """The process, once `url` answers 200, and the seconds this took."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    try:
        while not await _answers(url):
            if process.returncode is not None or time.perf_counter() - started > PATIENCE:
                raise RuntimeError(f"{' '.join(words)} does not answer at {url}.")
            await asyncio.sleep(GLANCE)
        yield process, time.perf_counter() - started
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()


async def said_by(module: str, *words: str) -> bytes:
    """What a helper process of the benchmark prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"benchmarks.{module}", *words, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"benchmarks.{module} ended with {process.returncode}.")
    return said


def megabytes(*roots: int) -> float:
    """Proportional set size of these processes and all below them: shared memory is counted once."""
    found, parents = set(roots), _parents()
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return sum(_proportional(process) for process in found) / 1024


def postmaster(data: Path) -> int:
    # Started as root it runs under another account, and may lie elsewhere.
    [file] = EmbeddedServer(data).folder.rglob("postmaster.pid")
    return int(file.read_text().splitlines()[0])


def _parents() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    return parents


def _proportional(process: int) -> int:
    try:
        lines = (Path("/proc") / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


async def _answers(url: str) -> bool:
    """Asked with next to no work of our own: a busy waiter would slow down what it waits for."""
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return status.startswith(b"HTTP/1.1 200")
