"""What a simulated provider remembers: documents in memory, written through to one SQLite file."""

import json
import sqlite3
import weakref
from pathlib import Path
from typing import Any

Document = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL,
    UNIQUE (kind, id));
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
    created_at REAL NOT NULL, state TEXT NOT NULL, due REAL, attempts TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE state = 'waiting';
"""
PUT = """
INSERT INTO documents (kind, id, content) VALUES (?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET content = excluded.content
"""


class Store:
    """Change a document, `put` it; `flush` makes everything since the last flush durable, or nothing of it.

    A simulator flushes before each answer leaves and after each step of a tick, so a process killed at any moment
    comes back as it was at the end of one of them. Never await between a change and its flush: another request's
    flush would write half of yours. (Durable against kill -9; a power cut may take the last second.)
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(folder / "state.sqlite3", timeout=10, check_same_thread=False)
        self.close = weakref.finalize(self, self.connection.close)
        # An empty file is not waited for.
        self.connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;" + TABLES)
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self._kinds: dict[str, dict[str, Document]] = {}
        self._changed: dict[tuple[str, str], None] = {}
        for kind, identity, content in self.connection.execute(
            "SELECT kind, id, content FROM documents ORDER BY number"
        ):
            self._kinds.setdefault(kind, {})[identity] = json.loads(content)

    def put(self, kind: str, identity: str, document: Document) -> Document:
        """Keep a new document, or say that this one (the very object `get` gave) has changed."""
        self._kinds.setdefault(kind, {})[identity] = document
        self._changed[kind, identity] = None
        return document

    def get(self, kind: str, identity: str) -> Document | None:
        return self._kinds.get(kind, {}).get(identity)

    def all(self, kind: str) -> list[Document]:
        """In the order in which they were first put."""
        return list(self._kinds.get(kind, {}).values())

    def items(self, kind: str) -> list[tuple[str, Document]]:
        return list(self._kinds.get(kind, {}).items())

    def remove(self, kind: str, identity: str) -> None:
        self._kinds.get(kind, {}).pop(identity, None)
        self._changed[kind, identity] = None

    def count(self, name: str) -> int:
        """One more, starting with 1; never the same twice, restarts included."""
        counter = self.get("counter", name) or {"value": 0}
        counter["value"] += 1
        self.put("counter", name, counter)
        return int(counter["value"])

    def empty(self) -> None:
        """As in a new folder."""
        with self.connection:
            for table in ("documents", "deliveries", "sqlite_sequence"):
                self.connection.execute(f"DELETE FROM {table}")
        self._kinds.clear()
        self._changed.clear()

    def flush(self) -> None:
        if not self._changed and not self.connection.in_transaction:
            return
        with self.connection:
            for kind, identity in self._changed:
                document = self.get(kind, identity)
                if document is None:
                    self.connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, identity))
                else:
                    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
                    self.connection.execute(PUT, (kind, identity, content))
        self._changed.clear()

    def revert(self) -> None:
        """Forget what changed since the last flush; documents are read anew, so hold none from before."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        for kind, identity in self._changed:
            query = "SELECT content FROM documents WHERE kind = ? AND id = ?"
            row = self.connection.execute(query, (kind, identity)).fetchone()
            if row is None:
                self._kinds.get(kind, {}).pop(identity, None)
            else:
                self._kinds[kind][identity] = json.loads(row[0])
        self._changed.clear()
