"""Is it still running? Process ids outlive their processes in files, are reused, and stay behind as zombies."""

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def exists(pid: int) -> bool:
    """Whether the kernel still knows the id in any form, as PostgreSQL asks it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_postgres(pid: int) -> bool:
    """Whether a living postgres has this id; a zombie or another program with a reused id is not one."""
    if not _PROC.is_dir():
        return exists(pid)
    try:
        state = (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0]
        program = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return False
    return state not in "ZX" and b"postgres" in program


def postgres_working_in(folder: Path) -> Iterator[int]:
    """Server processes left in the data folder; they leave by themselves soon after their postmaster died."""
    for entry in _PROC.glob("[0-9]*"):
        try:
            working = (entry / "cwd").readlink()
        except OSError:
            continue
        if working == folder and is_postgres(int(entry.name)):
            yield int(entry.name)
