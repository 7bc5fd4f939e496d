"""A visit to the marketplace for one step: asks within the limits, writes pages as they come."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import SyncCursor, SyncRun
from stock.settings import StockSettings, WildberriesSettings
from stock.sync.runs import progress_of, tell
from stock.sync.windows import CLIENT_ERRORS, Account, ask
from stock.wildberries import Answer, Group, Market, MarketError, TokenKind
from verf.database import transaction
from verf.kit import now
from verf.settings import load


class Cancelled(Exception):
    """Somebody asked the run to stop."""


@dataclass(frozen=True)
class Shop:
    """What a step needs to know of the connection."""

    organisation: UUID
    connection: UUID
    marketplace: str
    seller: str
    kind: TokenKind


@dataclass
class Visit:
    shop: Shop
    run: UUID
    market: Market
    steps: dict[str, dict[str, Any]]
    is_cancelled: bool = False
    step: str = ""
    requests: int = 0
    cost: int = 0
    stock: StockSettings = field(default_factory=lambda: load(StockSettings))
    wildberries: WildberriesSettings = field(default_factory=lambda: load(WildberriesSettings))

    @property
    def state(self) -> dict[str, Any]:
        return self.steps.setdefault(self.step, {"state": "running", "done": 0, "total": 0, "changed": 0})

    @property
    def place(self) -> dict[str, Any]:
        """Where this step stands within this run."""
        place: dict[str, Any] = self.state.setdefault("place", {})
        return place

    def count(self, **counts: int) -> None:
        for name, number in counts.items():
            self.state[name] = int(self.state.get(name, 0)) + number

    async def ask(self, group: Group, question: Callable[[Market], Awaitable[Answer]]) -> Answer:
        """One question, if the limit allows it now."""
        account = Account(self.shop.marketplace, self.shop.seller, self.shop.kind)
        try:
            answer = await ask(self.market, account, group, question)
        except MarketError as error:
            self.requests += 1
            self.cost += account.bucket(group).refused if error.status in CLIENT_ERRORS else 1
            raise
        self.requests += 1
        self.cost += 1
        return answer

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(organisation=self.shop.organisation)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that also keeps how far the run has come, and tells the pages that are open."""
        async with transaction(organisation=self.shop.organisation) as session:
            yield session
            # A page is safe: the troubles on the way to it are forgotten.
            self.state["attempts"] = 0
            await self.keep(session)

    async def keep(self, session: AsyncSession, **values: Any) -> None:
        cancelled = await session.scalar(
            update(SyncRun)
            .where(SyncRun.id == self.run)
            .values(
                steps=self.steps,
                requests=SyncRun.requests + self.requests,
                cost=SyncRun.cost + self.cost,
                **values,
            )
            .returning(SyncRun.cancelled_at)
        )
        self.requests = self.cost = 0
        self.is_cancelled = cancelled is not None
        await tell(session, self.shop.organisation, self.run, "running", progress_of(self.steps))

    def check(self) -> None:
        """Between pages: stop if somebody asked to."""
        if self.is_cancelled:
            raise Cancelled

    async def cursor(self) -> "Cursor":
        """Where this step stands over all runs."""
        query = select(SyncCursor.watermark, SyncCursor.digest, SyncCursor.completed_at).where(
            SyncCursor.connection_id == self.shop.connection, SyncCursor.step == self.step
        )
        async with transaction(organisation=self.shop.organisation) as session:
            row = (await session.execute(query)).first()
        return Cursor(*row) if row else Cursor({}, "", None)

    async def move_cursor(
        self, session: AsyncSession, watermark: Mapping[str, Any], *, digest: str = "", completed: bool = False
    ) -> None:
        values: dict[str, Any] = {"watermark": dict(watermark), "digest": digest}
        if completed:
            values["completed_at"] = now()
        key = {
            "organisation_id": self.shop.organisation,
            "connection_id": self.shop.connection,
            "step": self.step,
        }
        statement = insert(SyncCursor).values(key | values)
        await session.execute(
            statement.on_conflict_do_update(index_elements=["organisation_id", "connection_id", "step"], set_=values)
        )


@dataclass(frozen=True)
class Cursor:
    watermark: dict[str, Any]
    digest: str
    completed_at: datetime | None
