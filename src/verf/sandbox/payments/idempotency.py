"""Answers that are given again when the same key comes again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from verf.kit import now
from verf.sandbox.payments.store import Store


class KeyReused(Exception):
    """The same key with another request; each provider has its own words for it."""


@dataclass(frozen=True)
class Remembered:
    status: int
    body: Any


class Idempotency:
    def __init__(self, store: Store, *, lasts: timedelta = timedelta(hours=24)) -> None:
        self._store, self._lasts = store, lasts

    def recall(self, key: str, method: str, path: str, body: bytes) -> Remembered | None:
        kept = self._store.get("idempotency", key)
        if kept is None or datetime.fromisoformat(kept["at"]) + self._lasts <= now():
            return None
        if kept["request"] != _fingerprint(method, path, body):
            raise KeyReused
        return Remembered(kept["status"], kept["body"])

    def remember(self, key: str, method: str, path: str, body: bytes, *, status: int, answer: Any) -> None:
        self._forget_old()
        kept = {"at": now().isoformat(), "request": _fingerprint(method, path, body), "status": status, "body": answer}
        self._store.remove("idempotency", key)
        self._store.put("idempotency", key, kept)

    def _forget_old(self) -> None:
        """Oldest first, so this stops at the first that still counts."""
        for key, kept in self._store.items("idempotency"):
            if datetime.fromisoformat(kept["at"]) + self._lasts > now():
                return
            self._store.remove("idempotency", key)


def _fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()
