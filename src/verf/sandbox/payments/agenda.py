"""What a simulated provider is going to do by itself, and when; kept with its other documents."""

from datetime import datetime

from verf.sandbox.payments.store import Document, Store


class Agenda:
    """One entry a key: planning it again moves it. Entries are few: what is done is taken off."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self, key: str, at: datetime, what: str, subject: str) -> None:
        self._store.put("agenda", key, {"key": key, "at": at.isoformat(), "what": what, "subject": subject})

    def forget(self, key: str) -> None:
        if self._store.get("agenda", key):
            self._store.remove("agenda", key)

    def next_due(self) -> datetime | None:
        first = self._first()
        return datetime.fromisoformat(first["at"]) if first else None

    def take(self) -> Document | None:
        """The next entry, taken off the agenda."""
        first = self._first()
        if first:
            self.forget(first["key"])
        return first

    def _first(self) -> Document | None:
        return min(self._store.all("agenda"), key=lambda entry: datetime.fromisoformat(entry["at"]), default=None)
