"""A whole business in a process of its own, as `verf up` starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx

VERF = Path(sys.executable).parent / "verf"
READY_SECONDS = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Business:
    """Start it, talk to it over real sockets, kill it, start it again on the same data."""

    def __init__(self, folder: Path, *, settings: dict[str, str] | None = None) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = settings or {}
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "verf-up.log"

    def start(self, *words: str) -> Self:
        environment = os.environ | {
            "VERF_PORT": str(self.port),
            "VERF_DATA": str(self.folder / "data"),
            **self.settings,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [VERF, *(words or ("up",))], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )
        self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        assert self.process
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"verf up ended with {self.process.returncode}:\n{self.output}")
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"verf up was not ready in time:\n{self.output}")

    def stop(self, how: int = signal.SIGINT) -> int:
        assert self.process
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"verf up did not stop:\n{self.output}") from None

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
