"""An organisation with a small plan of the test shop, and short words for what it uses."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from books import an_organisation
from sqlalchemy import select, update

from verf.billing import catalogue, consume, hold, release, settle
from verf.billing.grants import access_changed, give
from verf.billing.holds import HoldClosed, NoSuchHold, expire_holds
from verf.billing.models import Grant, Subscription, UsageWindow
from verf.billing.states import Engine, SubscriptionState
from verf.billing.usage import Counted, UsageKeyReused
from verf.billing.usage_report import Miscount, miscounts
from verf.database import transaction
from verf.errors import VerfError
from verf.kit import new_id, now

LONG = timedelta(days=4000)


@dataclass
class Counter:
    organisation: UUID
    person: UUID
    anchor: datetime

    @classmethod
    async def open(cls, email: str = "anna@example.com", *, plan: str = "small") -> "Counter":
        organisation, person = await an_organisation(email)
        counter = cls(organisation, person, now() - timedelta(days=10))
        version = (await catalogue()).current("shop", plan)
        async with transaction(organisation=organisation) as session:
            session.add(
                Subscription(
                    id=new_id(),
                    organisation_id=organisation,
                    product="shop",
                    provider="stripe",
                    account="acct",
                    is_live=False,
                    ref=f"sub_{organisation}",
                    engine=Engine.MIRROR,
                    state=SubscriptionState.ACTIVE,
                    plan_version_id=version.id,
                    anchor_at=counter.anchor,
                )
            )
        await counter.give(plan, ref="first")
        return counter

    async def give(self, plan: str, *, ref: str = "more", days: int = LONG.days) -> None:
        version = (await catalogue()).current("shop", plan)
        async with transaction(organisation=self.organisation) as session:
            await give(
                session,
                self.organisation,
                "shop",
                source="staff",
                source_ref=f"{ref} {self.organisation}",
                plan_version=version.id,
                starts_at=now() - timedelta(days=1),
                ends_at=now() + timedelta(days=days),
            )

    async def take_away(self, ref: str = "first") -> None:
        async with transaction(organisation=self.organisation) as session:
            taken = update(Grant).where(Grant.source_ref == f"{ref} {self.organisation}")
            await session.execute(taken.values(revoked_at=now(), revoked_because="test"))
            await access_changed(session, self.organisation, "shop")

    async def consume(self, feature: str, amount: int = 1, *, quietly: bool = False, **more: Any) -> Counted:
        with suppress(*([VerfError] if quietly else [])):
            async with transaction(organisation=self.organisation) as session:
                return await consume(session, self.organisation, "shop", feature, amount, **more)
        return None  # type: ignore[return-value]

    async def hold(self, feature: str, amount: int, *, quietly: bool = False, **more: Any) -> Counted:
        with suppress(*([VerfError] if quietly else [])):
            async with transaction(organisation=self.organisation) as session:
                return await hold(session, self.organisation, "shop", feature, amount, **more)
        return None  # type: ignore[return-value]

    async def settle(self, feature: str, amount: int, *, key: str) -> None:
        async with transaction(organisation=self.organisation) as session:
            await settle(session, self.organisation, "shop", feature, amount, key=key)

    async def release(self, feature: str, *, key: str) -> bool:
        async with transaction(organisation=self.organisation) as session:
            return await release(session, self.organisation, "shop", feature, key=key)

    async def step(self, what: str, feature: str, amount: int, key: str) -> None:
        """One step of a random life; refusals are part of it."""
        if what == "consume":
            await self.consume(feature, amount, key=key, quietly=True)
        if what == "hold":
            await self.hold(feature, amount, key=key, quietly=True, patience=timedelta(hours=12))
        if what == "settle":
            with suppress(HoldClosed, NoSuchHold, UsageKeyReused):
                await self.settle(feature, amount, key=key)
        if what == "release":
            await self.release(feature, key=key)
        if what == "expire":
            async with transaction(system="test expires") as session:
                await expire_holds(session)

    async def used(self, feature: str) -> tuple[int, int]:
        async with transaction(organisation=self.organisation) as session:
            query = select(UsageWindow).where(UsageWindow.feature == feature).order_by(UsageWindow.starts_at.desc())
            row = await session.scalar(query.limit(1))
            return (row.used, row.reserved) if row else (0, 0)

    async def told(self) -> list[int]:
        """What the windows remember of warnings, as they were given."""
        async with transaction(organisation=self.organisation) as session:
            return sorted(level for level in await session.scalars(select(UsageWindow.told)) if level)

    async def wrong(self) -> list[Miscount]:
        async with transaction(system="test recounts") as session:
            return await miscounts(session)
