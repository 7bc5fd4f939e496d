"""Refunds without idempotency keys: what an earlier try with the same key has made is looked for first."""

from datetime import datetime, timedelta
from typing import Any

from verf.billing.providers.calls import reading
from verf.billing.providers.pictures import Refund
from verf.billing.providers.readings import forget_oldest, made_at, written
from verf.billing.providers.wata.answers import REFUND_STATES, is_refund, money_of, refund_of
from verf.billing.providers.wata.wire import TITLE, Wire, number
from verf.kit import Money, now

# Wata's clock may be behind ours.
SKEW = timedelta(seconds=5)
REMEMBERED = 10_000


class Refunds:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        # By key: when it was first tried in this process, and what became of it.
        self._tried: dict[str, datetime] = {}
        self._made: dict[str, Refund] = {}

    async def make(self, payment: str, money: Money, key: str) -> Refund:
        """Once for a key that carries a UUIDv7, over restarts too; for other keys once in the life of this process."""
        if key in self._made:
            return self._made[key]
        since = self._tried.get(key) or made_at(key)
        found = await self._made_since(since, payment, money) if since else None
        if found is None:
            self._tried[key] = now()
            body = {"originalTransactionId": payment, "amount": number(money)}
            told = await self._wire.post("transactions", "refunds", body=body)
            found = reading(TITLE, lambda answer: _refund(answer, money), told)
        self._made[key] = found
        forget_oldest(self._tried, REMEMBERED)
        forget_oldest(self._made, REMEMBERED)
        return found

    async def _made_since(self, since: datetime, payment: str, money: Money) -> Refund | None:
        taken = {refund.ref for refund in self._made.values()}
        async for seen in self._wire.transactions(creationTimeFrom=written(since - SKEW)):
            is_it = is_refund(seen) and seen.get("originalTransactionId") == payment and seen["id"] not in taken
            if is_it and seen["status"] != "Declined" and money_of(seen) == money:
                return refund_of(seen)
        return None


def _refund(answer: dict[str, Any], money: Money) -> Refund:
    return Refund(
        ref=answer["transactionId"],
        state=REFUND_STATES[answer["transactionStatus"]],
        money=money,
        occurred_at=now(),
        reason=answer.get("errorCode") or "",
    )
