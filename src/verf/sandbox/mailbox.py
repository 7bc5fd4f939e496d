"""Every mail the sandbox received, in one SQLite file that outlives a kill -9."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verf.errors import NotFound
from verf.kit import new_id, now
from verf.sandbox.message import read_message

TABLES = """
CREATE TABLE IF NOT EXISTS mails (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, sender TEXT NOT NULL,
    recipients TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, html TEXT NOT NULL, raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    only INTEGER PRIMARY KEY CHECK (only = 1), mode TEXT NOT NULL, remaining INTEGER);
"""
PICK = "SELECT id, at, sender, recipients, subject, text, html FROM mails"


class MailNotFound(NotFound):
    pass


@dataclass(frozen=True)
class Mail:
    id: str
    at: str
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str

    @property
    def to(self) -> str:
        return ", ".join(self.recipients)


@dataclass(frozen=True)
class Fault:
    mode: str
    remaining: int | None


class Mailbox:
    """Blocking, in milliseconds; callers on an event loop go through `asyncio.to_thread`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "mail" / "mail.sqlite3"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as connection:
            connection.executescript(TABLES)

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> str:
        """Store a mail for good: when this returns, it is on the disk."""
        message, identity = read_message(raw), str(new_id())
        row = (identity, now().isoformat(), sender, json.dumps(recipients), message.subject)
        with self._open() as connection:
            connection.execute(
                "INSERT INTO mails (id, at, sender, recipients, subject, text, html, raw) VALUES (?,?,?,?,?,?,?,?)",
                (*row, message.text, message.html, raw),
            )
        return identity

    def newest(self, *, to: str = "", search: str = "", limit: int = 100, offset: int = 0) -> list[Mail]:
        where, values = _filter(to, search)
        with self._open() as connection:
            rows = connection.execute(
                f"{PICK} WHERE {where} ORDER BY number DESC LIMIT ? OFFSET ?", (*values, limit, offset)
            )
            return [_mail(row) for row in rows]

    def count(self, *, to: str = "", search: str = "") -> int:
        where, values = _filter(to, search)
        with self._open() as connection:
            return int(connection.execute(f"SELECT count(*) FROM mails WHERE {where}", values).fetchone()[0])

    def get(self, identity: str) -> Mail:
        with self._open() as connection:
            row = connection.execute(f"{PICK} WHERE id = ?", (identity,)).fetchone()
        if row is None:
            raise MailNotFound("This mail is not in the sandbox's mailbox.")
        return _mail(row)

    def source(self, identity: str) -> bytes:
        with self._open() as connection:
            row = connection.execute("SELECT raw FROM mails WHERE id = ?", (identity,)).fetchone()
        if row is None:
            raise MailNotFound("This mail is not in the sandbox's mailbox.")
        return bytes(row[0])

    def clear(self) -> int:
        with self._open() as connection:
            return connection.execute("DELETE FROM mails").rowcount

    def set_fault(self, mode: str | None, remaining: int | None) -> None:
        with self._open() as connection:
            connection.execute("DELETE FROM faults")
            if mode is not None:
                connection.execute("INSERT INTO faults VALUES (1, ?, ?)", (mode, remaining))

    def fault(self) -> Fault | None:
        with self._open() as connection:
            row = connection.execute("SELECT mode, remaining FROM faults WHERE remaining IS NOT 0").fetchone()
        return Fault(*row) if row else None

    def suffer(self, *modes: str) -> str | None:
        """The fault to act out now, if one of `modes` is set; counts it down."""
        marks = ", ".join("?" for _ in modes)
        statement = f"UPDATE faults SET remaining = remaining - 1 WHERE mode IN ({marks}) AND remaining IS NOT 0"
        with self._open() as connection:
            row = connection.execute(f"{statement} RETURNING mode", modes).fetchone()
        return str(row[0]) if row else None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=10)
        try:
            connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            connection.create_function("folded", 1, str.casefold, deterministic=True)
            with connection:
                yield connection
        finally:
            connection.close()


def _filter(to: str, search: str) -> tuple[str, list[Any]]:
    conditions, values = ["1"], list[Any]()
    if to:
        conditions.append("EXISTS (SELECT 1 FROM json_each(recipients) WHERE folded(value) = ?)")
        values.append(to.strip().casefold())
    if search:
        conditions.append("instr(folded(subject || ' ' || recipients || ' ' || sender || ' ' || text), ?) > 0")
        values.append(search.strip().casefold())
    return " AND ".join(conditions), values


def _mail(row: tuple[str, str, str, str, str, str, str]) -> Mail:
    identity, at, sender, recipients, subject, text, html = row
    return Mail(identity, at, sender, json.loads(recipients), subject, text, html)
