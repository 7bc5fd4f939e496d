"""A whole business in a process of its own, as `verf up` starts it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx

from verf.testing import free_port

VERF = Path(sys.executable).parent / "verf"
READY_SECONDS = 60


class Business:
    """Start it, talk to it over real sockets, kill it, start it again on the same data."""

    def __init__(self, folder: Path, *, settings: dict[str, str] | None = None) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = settings or {}
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "verf-up.log"

    def start(self, *words: str) -> Self:
        self.process = self.run(*(words or ("up",)))
        self.wait_until_ready()
        return self

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """Any command of the house, over the same data."""
        environment = os.environ | {
            "VERF_PORT": str(self.port),
            "VERF_DATA": str(self.data),
            **self.settings,
        }
        with self.log.open("ab") as log:
            return subprocess.Popen([VERF, *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def wait_until_ready(self) -> None:
        assert self.process
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"verf up ended with {self.process.returncode}:\n{self.output}")
            if self.is_ready():
                return
            time.sleep(0.1)
        self.kill()
        raise AssertionError(f"verf up was not ready in time:\n{self.output}")

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, how: int = signal.SIGINT, *, within: float = 60) -> int:
        assert self.process
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"verf up did not stop:\n{self.output}") from None

    def kill(self) -> None:
        """As the kernel does when memory runs out: no last words."""
        assert self.process
        self.process.kill()
        self.process.wait(timeout=60)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def postmaster(self) -> int:
        """The server of this business; as root its data may lie elsewhere."""
        return next(int(line.split()[0]) for line in self.processes() if "postgres -D" in line)

    def database(self, role: str) -> dict[str, str]:
        """How somebody with the password of a role gets in, for asyncpg."""
        words = next(line for line in self.processes() if "postgres -D" in line).split()
        folder = Path(words[words.index("-D") + 1]).parent
        [sockets] = [word.split("=", 1)[1] for word in words if word.startswith("unix_socket_directories=")]
        password = (folder / f"{role}.password").read_text().strip()
        return {"host": sockets, "user": role, "password": password, "database": "verf"}

    def processes(self) -> list[str]:
        """What still runs for this business, whoever started it."""
        found, ours = [], f"VERF_DATA={self.data}\0".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if ours in (process / "environ").read_bytes():
                    line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found.append(f"{process.name} {line}")
            except OSError:
                continue
        return found

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")[-8000:] if self.log.exists() else ""

    def advance(self, seconds: int) -> None:
        httpx.post(f"{self.url}/sandbox/api/clock", json={"advance_seconds": seconds}, timeout=120).raise_for_status()

    def mails(self, to: str, subject: str = "") -> list[dict[str, str]]:
        mails = httpx.get(f"{self.url}/sandbox/api/mail", timeout=10).json()
        return [mail for mail in mails if to in str(mail["to"]) and subject.lower() in mail["subject"].lower()]

    def wait_for_mail(self, to: str, subject: str = "", seconds: float = 30) -> dict[str, str]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.mails(to, subject):
                return found[0]
            time.sleep(0.1)
        raise AssertionError(
            f"no mail {subject!r} to {to}; there are {httpx.get(f'{self.url}/sandbox/api/mail').text[:2000]}"
        )

    def wait_until(self, true: Callable[[], object], seconds: float = 240) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if true():
                return
            time.sleep(0.3)
        raise AssertionError(f"it did not come true in {seconds} s:\n{self.output}")


@contextmanager
def folder_for_everyone() -> Iterator[Path]:
    """pytest's own folders are closed to other accounts, and the database of root runs under another account."""
    folder = Path(tempfile.mkdtemp(prefix="verf-business-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
