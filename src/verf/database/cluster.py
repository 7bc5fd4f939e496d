"""One PostgreSQL cluster on disk: making it, starting its server, stopping it. Who may do so when: server.py."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex, token_urlsafe

from verf.database.account import Account
from verf.database.binaries import major_version, refuse_too_old
from verf.database.processes import exists, is_postgres, postgres_working_in
from verf.errors import Unavailable

PORT = 5432  # names the socket only; the folder of the socket is unique
# As the server of a killed postmaster needs a moment to leave, and crash recovery may take minutes.
ORPHANS_LEAVE = 15.0
RECOVERY = 300.0
FAST_STOP = 30.0

# Children of this process, kept so that a server which others still use is not reported as forgotten.
_children: list[subprocess.Popen[bytes]] = []

FIRST_STATEMENTS = """\
CREATE ROLE verf_system NOLOGIN NOBYPASSRLS;
CREATE ROLE verf_app LOGIN NOBYPASSRLS PASSWORD '{password}';
GRANT verf_system TO verf_app WITH INHERIT FALSE, SET TRUE;
CREATE DATABASE verf;
"""


class ServerDidNotStart(Unavailable):
    """The embedded PostgreSQL could not be started; the message holds the end of its log."""


class Cluster:
    def __init__(
        self,
        folder: Path,
        sockets: Path,
        binaries: Path,
        account: Account,
        *,
        settings: Mapping[str, str],
        durable: bool,
    ) -> None:
        self._folder, self._sockets, self._binaries, self._account = folder, sockets, binaries, account
        self._settings, self._durable = settings, durable
        self._data, self._log = folder / "data", folder / "postgres.log"

    def password(self, owner: str) -> str:
        return (self._folder / f"{owner}.password").read_text().strip()

    def make(self) -> None:
        """Appear at once or not at all: a killed parent does not kill its initdb, so each try has its own folder."""
        if (self._data / "PG_VERSION").exists():
            self._refuse_other_version()
            return
        refuse_too_old(major_version(self._binaries))
        for abandoned in self._folder.glob("data.making.*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        making = self._folder / f"data.making.{token_hex(6)}"
        self._keep_password("verf", token_urlsafe(24))
        self._keep_password("verf_app", token_urlsafe(24))
        # Without --lc-ctype pg_trgm silently finds nothing in Cyrillic.
        locale = ["--locale=C", "--lc-ctype=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        secrets = ["--auth=scram-sha-256", f"--pwfile={self._folder / 'verf.password'}"]
        speed = [] if self._durable else ["--no-sync"]
        self._run(["initdb", "-D", str(making), "-U", "verf", "-E", "UTF8", *locale, *secrets, *speed])
        self._run(
            ["postgres", "--single", *([] if self._durable else ["-F"]), "-D", str(making), "postgres"],
            told=FIRST_STATEMENTS.format(password=self.password("verf_app")),
        )
        making.rename(self._data)

    def is_running(self) -> bool:
        """Whether a server lives here; waits for one whose starter died before it was ready."""
        pid = self._pid()
        if pid is None or not is_postgres(pid):
            return False
        deadline = time.monotonic() + RECOVERY
        while is_postgres(pid) and time.monotonic() < deadline:
            if self._is_ready(pid):
                return True
            time.sleep(0.005)
        return False

    def start(self) -> None:
        self._clear_stale_locks()
        arguments = [str(self._binaries / "postgres"), "-D", str(self._data)]
        for name, value in (self._default_settings() | dict(self._settings)).items():
            arguments += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            # A session of its own, so that Ctrl-C in the terminal reaches us and not the server.
            child = subprocess.Popen(  # noqa: S603
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                **self._account.process,
            )
        _children.append(child)
        self._wait_until_ready(child)

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, nothing committed is lost. (SIGTERM would wait for them for ever.)"""
        for kind in (signal.SIGINT, signal.SIGQUIT):
            pid = self._pid()
            if pid is None or not is_postgres(pid):
                break
            os.kill(pid, kind)
            deadline = time.monotonic() + FAST_STOP
            while is_postgres(pid) and time.monotonic() < deadline:
                time.sleep(0.005)
        _children[:] = [child for child in _children if child.poll() is None]

    def _keep_password(self, owner: str, password: str) -> None:
        path = self._folder / f"{owner}.password"
        path.touch(mode=0o600)
        path.write_text(f"{password}\n")
        self._account.owns(path)

    def _refuse_other_version(self) -> None:
        made_by = int((self._data / "PG_VERSION").read_text().strip())
        ours = major_version(self._binaries)
        if made_by != ours:
            raise ServerDidNotStart(
                f"The data in {self._data} was made by PostgreSQL {made_by}, and the programs here are "
                f"PostgreSQL {ours}. Dump it with PostgreSQL {made_by} and restore it into an empty folder, "
                f"or set VERF_PG_BIN to PostgreSQL {made_by}."
            )

    def _default_settings(self) -> dict[str, str]:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "shared_preload_libraries": "pg_stat_statements",
            "max_connections": "200",
            # A shop's first load makes big tables of empty ones: statistics are wanted in seconds, not in a minute.
            "autovacuum_naptime": "5s",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "wal_level": "replica",
            "max_wal_senders": "10",
            # Containers give /dev/shm 64 MB only.
            "dynamic_shared_memory_type": "mmap",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings

    def _pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return []

    def _clear_stale_locks(self) -> None:
        """PostgreSQL refuses to start while processes of a killed server still leave, and while the id in its lock
        files exists, though a zombie or a stranger has it now.

        When the id is free PostgreSQL removes the files itself, more carefully than we could.
        """
        pid = self._pid()
        if pid is None:
            return
        deadline = time.monotonic() + ORPHANS_LEAVE
        while orphans := list(postgres_working_in(self._data)):
            if time.monotonic() > deadline:
                raise ServerDidNotStart(
                    f"A PostgreSQL server in {self._data} died, but its processes {orphans} still run."
                )
            time.sleep(0.02)
        if not exists(pid):
            return
        socket = f".s.PGSQL.{PORT}"
        for stale in (self._data / "postmaster.pid", self._sockets / f"{socket}.lock", self._sockets / socket):
            stale.unlink(missing_ok=True)

    def _wait_until_ready(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + RECOVERY
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise ServerDidNotStart(f"PostgreSQL ended at once. The end of {self._log}:\n{self._last_words()}")
            if self._is_ready(child.pid):
                return
            time.sleep(0.005)
        raise ServerDidNotStart(f"PostgreSQL was not ready after {RECOVERY:.0f} s. See {self._log}.")

    def _is_ready(self, pid: int) -> bool:
        """A file left by a killed server also says "ready", so it must name this process."""
        lines = self._pid_file()
        return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _run(self, command: Sequence[str], told: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            [str(self._binaries / command[0]), *command[1:]],
            input=told.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            check=False,
            start_new_session=True,
            **self._account.process,
        )
        if done.returncode:
            raise ServerDidNotStart(f"{command[0]} failed:\n{done.stdout.decode(errors='replace')[-3000:]}")

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "LANG": "C"}
