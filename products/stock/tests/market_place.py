"""Words for the tests: make a seller, let time pass, compare with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from stock import connecting
from stock.manifest import product
from stock.messages import StartDueSyncs
from stock.models import StockLevel, SyncRun, Warehouse
from stock.simulators.wildberries import control
from stock.simulators.wildberries.gateway import Gateway
from stock.sync import RunView, run_of, runs_of
from verf.billing.manifest import room as billing
from verf.database import transaction
from verf.identity.manifest import room as identity
from verf.jobs import drain, perform, shift
from verf.jobs.manifest import room as jobs
from verf.kit import advance, now
from verf.manifest import Room
from verf.notifications.manifest import room as notifications
from verf.organisations import Tenant
from verf.organisations.manifest import room as organisations
from verf.web.manifest import room as web


def rooms() -> Sequence[Room]:
    return [jobs, web, identity, organisations, notifications, billing, product]


@dataclass(frozen=True)
class Seller:
    id: str
    tokens: dict[str, str]


class MarketPlace:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def seller(self, alias: str = "tiny", *, products: int = 12, **more: Any) -> Seller:
        wanted = control.NewSeller(alias=alias, products=products, **{"orders_a_day": 30, "warehouses": 2} | more)
        made = control.create_seller(self.gateway, wanted)
        return Seller(made["id"], made["tokens"])

    def fault(self, kind: str, **more: Any) -> None:
        control.add_fault(self.gateway, control.NewFault(kind=kind, **more))

    def truth(self, seller: Seller) -> dict[tuple[int, int], int]:
        rows = control.truth(self.gateway, self.gateway.sellers.find(seller.id), zeros=False)
        return {(row["chrt_id"], row["warehouse_id"]): row["quantity"] for row in rows}

    def orders(self, seller: Seller) -> dict[str, int]:
        return control.truth_of_orders(self.gateway, self.gateway.sellers.find(seller.id))["totals"]

    def days(self, seller: Seller) -> dict[str, tuple[int, ...]]:
        """Orders, cancelled, sales, returns by Moscow day; of the older days only the first two.

        The marketplace forgets an order after 90 days, and with it a sale or return of up to 25 days later, which who
        asked in time has still: delivery takes up to 12 days and coming back 13.
        """
        days = control.truth_of_orders(self.gateway, self.gateway.sellers.find(seller.id))["days"]
        names = ("orders", "cancelled", "sales", "returns")
        told = {str(day["day"]): tuple(day[name] for name in names) for day in days[-80:]}
        return {day: counts[: 4 if place >= len(told) - 65 else 2] for place, (day, counts) in enumerate(told.items())}

    def early_requests(self) -> list[Any]:
        return [entry for entry in control.list_requests(self.gateway) if entry["was_early"]]


async def pass_time(by: timedelta, *, step: timedelta = timedelta(minutes=5)) -> None:
    """Live through it: the clock moves in steps, schedules fire, workers do what is due."""
    left = by
    while left > timedelta():
        stride = min(step, left)
        advance(stride)
        await shift(stride)
        await perform(StartDueSyncs())
        await drain(errors="raise")
        left -= stride


async def connect(tenant: Tenant, token: str) -> UUID:
    return (await connecting.connect(tenant, "wildberries", token)).id


async def last_run(tenant: Tenant) -> RunView:
    async with transaction(organisation=tenant.organisation) as session:
        return (await runs_of(session, limit=1))[0]


async def until_finished(tenant: Tenant, *, at_most: timedelta = timedelta(hours=6)) -> RunView:
    """Until the run that is under way is over."""
    await drain()
    deadline = now() + at_most
    run = await last_run(tenant)
    while run.is_under_way and now() < deadline:
        pause = max((run.resumes_at or now()) - now(), timedelta(seconds=1))
        advance(pause)
        await shift(pause)
        await drain()
        async with transaction(organisation=tenant.organisation) as session:
            run = await run_of(session, run.id)
    return run


async def stock_of(tenant: Tenant) -> dict[tuple[int, int], int]:
    query = select(StockLevel.chrt_id, Warehouse.number, StockLevel.quantity).join(
        Warehouse, Warehouse.id == StockLevel.warehouse_id
    )
    async with transaction(organisation=tenant.organisation) as session:
        return {(row[0], row[1]): row[2] for row in await session.execute(query.where(StockLevel.quantity > 0))}


async def days_of(tenant: Tenant) -> dict[str, tuple[int, ...]]:
    query = text("SELECT day, sum(orders), sum(cancelled), sum(sales), sum(returns) FROM stock.days GROUP BY day")
    async with transaction(organisation=tenant.organisation) as session:
        return {str(row[0]): tuple(map(int, row[1:])) for row in await session.execute(query)}


async def count(tenant: Tenant, table: str) -> int:
    async with transaction(organisation=tenant.organisation) as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM stock.{table}")) or 0)


__all__ = [
    "MarketPlace",
    "Seller",
    "SyncRun",
    "connect",
    "count",
    "days_of",
    "last_run",
    "pass_time",
    "rooms",
    "stock_of",
    "until_finished",
]
