"""The embedded server as the house sees it: start or attach, addresses, leave."""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import URL

from verf.database.account import home_of, reachable_binaries
from verf.database.binaries import find_binaries
from verf.database.cluster import PORT, Cluster
from verf.database.lease import Lease
from verf.errors import Unavailable

# Unix sockets have names of at most 107 bytes.
LONGEST_SOCKET = 100


class EmbeddedServer:
    """The PostgreSQL of one data folder, shared by every process that starts it; the last one to stop it ends it.

    `start` and `stop` block for up to a second (crash recovery: longer); call them in a thread from async code.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None, durable: bool = True) -> None:
        self._account, self.folder = home_of(folder)
        self._settings, self._durable = dict(settings or {}), durable
        self._lease = Lease(self.folder)
        self._cluster: Cluster | None = None

    def start(self) -> Self:
        self._prepare(self.folder)
        self._sockets = self._socket_folder()
        binaries = reachable_binaries(find_binaries(), self._account)
        self._cluster = Cluster(
            self.folder, self._sockets, binaries, self._account, settings=self._settings, durable=self._durable
        )
        self._lease.take()
        atexit.register(self.stop)
        try:
            with self._lease.alone():
                if not self._cluster.is_running():
                    self._cluster.make()
                    self._cluster.start()
        except BaseException:
            self.stop()
            raise
        return self

    def revive(self) -> bool:
        """Start the server again if it died under us; True when it had. Whoever of its users comes first does it."""
        if self._cluster is None or not self._lease.held or self._cluster.is_running():
            return False
        with self._lease.alone():
            if not self._lease.held or self._cluster.is_running():
                return False
            self._cluster.start()
        return True

    def stop(self) -> bool:
        """Leave; True when we were the last and the server has stopped."""
        if not self._lease.held or self._cluster is None:
            return False
        atexit.unregister(self.stop)
        with self._lease.alone():
            last = self._lease.is_last()
            if last:
                self._cluster.stop()
            self._lease.give_up()
        return last

    def erase(self) -> bool:
        """Stop, and delete the data if nobody else uses it. For tests and thrown-away sandboxes."""
        last = self.stop()
        if last:
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.rmtree(self._sockets, ignore_errors=True)
        return last

    def url(self, database: str = "verf") -> URL:
        """For the app: a role that owns nothing and cannot step around row-level security."""
        return self._address("verf_app", database)

    def owner_url(self, database: str = "verf") -> URL:
        """For migrations and backups."""
        return self._address("verf", database)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _address(self, user: str, database: str) -> URL:
        if self._cluster is None:
            raise RuntimeError("The embedded server has no address before it is started.")
        return URL.create(
            "postgresql+asyncpg",
            username=user,
            password=self._cluster.password(user),
            database=database,
            query={"host": str(self._sockets), "port": str(PORT)},
        )

    def _socket_folder(self) -> Path:
        if len(str(self.folder / f".s.PGSQL.{PORT}.lock").encode()) <= LONGEST_SOCKET:
            return self.folder
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return self._prepare(Path(tempfile.gettempdir()) / f"verf-{digest}")

    def _prepare(self, folder: Path) -> Path:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid not in {self._account.uid, 0}:
            raise Unavailable(f"{folder} belongs to another account of this machine; the database cannot live there.")
        folder.chmod(0o700)
        self._account.owns(folder)
        return folder
