"""Webhooks on their way from a simulated provider to the house: signed, retried on its schedule, sometimes mishandled.

Times are those of the sandbox clock. A retry is counted from the attempt before it, so a clock that jumps over a month
makes one attempt, not twenty: nobody was there to answer in between.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx

from verf.errors import NotFound
from verf.kit import now
from verf.sandbox.payments.dice import Dice
from verf.sandbox.payments.knobs import Knobs
from verf.sandbox.payments.store import Store
from verf.settings import House, load

Sign = Callable[[bytes, datetime], Mapping[str, str]]

COLUMNS = "number, event, kind, body, created_at, state, due, attempts"
# More than any provider makes: they are counted by this list.
ATTEMPTS_KEPT = 100


class DeliveryNotFound(NotFound):
    pass


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a provider delivers: the waits between attempts, what it takes for a yes, how long it listens."""

    waits: Sequence[timedelta]
    accepts: Callable[[int], bool] = lambda status: 200 <= status < 300
    timeout_seconds: float = 10
    user_agent: str = "verf-sandbox"


def house_webhook(provider: str) -> str:
    return f"{load(House).url}/api/v1/billing/webhook/{provider}"


class Outbox:
    """`sign` makes the headers of an attempt from the body and the time of the attempt.

    `transport` may be set to httpx.ASGITransport(house) in tests; None means the real network.
    """

    def __init__(
        self, store: Store, dice: Dice, knobs: Knobs, *, sign: Sign, target: Callable[[], str], habits: Habits
    ) -> None:
        self._store, self._dice, self._knobs = store, dice, knobs
        self._sign, self._target, self._habits = sign, target, habits
        self.transport: httpx.AsyncBaseTransport | None = None

    def post(self, event: str, kind: str, body: bytes | dict[str, Any], at: datetime | None = None) -> None:
        """Lay down a delivery. `event` is the provider's id of it, the same for every redelivery; `at` when it is due.

        It leaves with the next `deliver_due`, and is kept if and only if the change that caused it is.
        """
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        due = (at or now()).timestamp()
        if self._knobs.acts("drop", kind):
            self._insert(event, kind, raw, due, "dropped")
            return
        if delay := self._knobs.acts("delay", kind):
            due += self._dice.throw("delay").uniform(0, delay.seconds or 60)
        self._insert(event, kind, raw, due, "waiting")
        if self._knobs.acts("duplicate", kind):
            self._insert(event, kind, raw, due, "waiting")

    async def deliver_due(self) -> int:
        """Everything that is due by the clock, oldest first; how many attempts were made."""
        made = 0
        while batch := self._due():
            kinds = " ".join(str(kind) for _number, _event, kind, *_ in batch)
            if len(batch) > 1 and self._knobs.acts("reorder", kinds):
                self._dice.throw("reorder").shuffle(batch)
            await self._send_off(batch, at_once=self._knobs.acts("together", kinds) is not None)
            made += len(batch)
        return made

    async def _send_off(self, batch: list[Any], *, at_once: bool) -> None:
        async with self._client() as client:
            if at_once:
                await asyncio.gather(*(self._attempt(client, number, body) for number, _, _, body, *_ in batch))
                return
            for number, _event, _kind, body, *_ in batch:
                await self._attempt(client, number, body)

    async def again(self, number: int) -> dict[str, Any]:
        """One more attempt now, whatever became of it before."""
        body = self._row(number)[3]
        async with self._client() as client:
            await self._attempt(client, number, body)
        return self.delivery(number)

    async def ask(self, event: str, kind: str, body: bytes, *, timeout_seconds: float) -> int:
        """Ask the house something and wait for the status of its answer; 0 when there was none in time.

        One attempt, no retries. A `drop` knob loses the question.
        """
        state = "dropped" if self._knobs.acts("drop", kind) else "asked"
        number = self._insert(event, kind, body, now().timestamp(), state)
        self._store.flush()
        if state == "dropped":
            return 0
        try:
            async with asyncio.timeout(timeout_seconds), self._client() as client:
                return await self._attempt(client, number, body)
        except TimeoutError:
            self._record(number, now(), 0, "TimeoutError")
            return 0

    def deliveries(self, *, event: str = "", kind: str = "", state: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Newest first."""
        wanted = {"event": event, "kind": kind, "state": state}
        names = [name for name, value in wanted.items() if value]
        where = " AND ".join(["1", *(f"{name} = ?" for name in names)])
        query = f"SELECT {COLUMNS} FROM deliveries WHERE {where} ORDER BY number DESC LIMIT ?"
        rows = self._store.connection.execute(query, (*(wanted[name] for name in names), limit))
        return [_shown(row) for row in rows]

    def delivery(self, number: int) -> dict[str, Any]:
        return _shown(self._row(number))

    def next_due(self) -> datetime | None:
        query = "SELECT min(due) FROM deliveries WHERE state = 'waiting'"
        (due,) = self._store.connection.execute(query).fetchone()
        return None if due is None else datetime.fromtimestamp(due, UTC)

    def _due(self) -> list[Any]:
        query = f"SELECT {COLUMNS} FROM deliveries WHERE state = 'waiting' AND due <= ? ORDER BY due, number LIMIT 100"
        return self._store.connection.execute(query, (now().timestamp(),)).fetchall()

    def _row(self, number: int) -> Any:
        query = f"SELECT {COLUMNS} FROM deliveries WHERE number = ?"
        row = self._store.connection.execute(query, (number,)).fetchone()
        if row is None:
            raise DeliveryNotFound("There is no such delivery.")
        return row

    def _insert(self, event: str, kind: str, body: bytes, when: float, state: str) -> int:
        row = (event, kind, body, now().timestamp(), state, when)
        query = "INSERT INTO deliveries (event, kind, body, created_at, state, due, attempts) VALUES (?,?,?,?,?,?,'[]')"
        return int(self._store.connection.execute(query, row).lastrowid or 0)

    async def _attempt(self, client: httpx.AsyncClient, number: int, body: bytes) -> int:
        at = now()
        status, error = await self._send(client, body, at)
        self._record(number, at, status, error)
        return status

    def _record(self, number: int, at: datetime, status: int, error: str) -> None:
        row = self._row(number)
        attempts = [*json.loads(row[-1]), {"at": at.isoformat(), "status": status, "error": error}]
        state, due = self._fate(row[5], status, len(attempts))
        query = "UPDATE deliveries SET state = ?, due = ?, attempts = ? WHERE number = ?"
        kept = json.dumps(attempts[-ATTEMPTS_KEPT:])
        self._store.connection.execute(query, (state, due.timestamp() if due else None, kept, number))
        self._store.flush()

    def _fate(self, state: str, status: int, made: int) -> tuple[str, datetime | None]:
        if state == "asked":
            return "asked", None
        if self._habits.accepts(status):
            return "delivered", None
        if state != "waiting":
            return state, None
        if made > len(self._habits.waits):
            return "gave_up", None
        return "waiting", now() + self._habits.waits[made - 1]

    async def _send(self, client: httpx.AsyncClient, body: bytes, at: datetime) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "User-Agent": self._habits.user_agent, **self._sign(body, at)}
        try:
            answer = await client.post(self._target(), content=body, headers=headers)
        except httpx.HTTPError as error:
            return 0, type(error).__name__
        return answer.status_code, ""

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=self.transport, timeout=self._habits.timeout_seconds, verify=_authorities(), trust_env=False
        )


@cache
def _authorities() -> ssl.SSLContext:
    """Reading the machine's certificates takes longer than a webhook does."""
    return ssl.create_default_context()


def _shown(row: Any) -> dict[str, Any]:
    number, event, kind, body, created_at, state, due, attempts = row
    return {
        "id": number,
        "event": event,
        "kind": kind,
        "state": state,
        "created_at": datetime.fromtimestamp(created_at, UTC).isoformat(),
        "due": None if due is None or state != "waiting" else datetime.fromtimestamp(due, UTC).isoformat(),
        "attempts": json.loads(attempts),
        "body": bytes(body).decode(),
    }
