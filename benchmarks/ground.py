"""What the rows stand on: a house of its own in a temporary folder, with a member and a shop full of goods."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from fastapi import FastAPI
from sqlalchemy import URL

from benchmarks.shelf import shelf
from stock.models import Connection, Product
from verf.app import all_rooms, create_web
from verf.billing import publish
from verf.billing.grants import give
from verf.billing.models import OverrideRow
from verf.database import EmbeddedServer, connect, disconnect, migrate, transaction
from verf.kit import new_id, now
from verf.realtime import Hub
from verf.telemetry import TelemetrySettings, configure_logging
from verf.testing import Member, Site

PRODUCTS = 1_000


@dataclass(frozen=True)
class Ground:
    folder: Path
    owner: URL
    web: FastAPI
    member: Member
    shop: UUID

    async def bare_connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        """What the baselines use: the same server, no role, no row-level security."""
        return await asyncpg.connect(**self.bare_address())

    def bare_address(self) -> dict[str, str]:
        url = self.owner
        return {
            "user": str(url.username),
            "password": str(url.password),
            "database": str(url.database),
            "host": str(url.query["host"]),
        }

    @property
    def token(self) -> str:
        return self.member.http.headers["authorization"].removeprefix("Bearer ")


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    folder = Path(tempfile.mkdtemp(prefix="verf-benchmark-"))
    # Its own settings, whatever the shell has: the quota of reads is counted as always, only never used up.
    for name in [name for name in os.environ if name.startswith("VERF_") and name != "VERF_PG_BIN"]:
        del os.environ[name]
    os.environ |= {"VERF_DATA": str(folder / "data"), "VERF_LIMITS_READS_PER_MINUTE": "1000000000"}
    server = EmbeddedServer(folder / "data" / "postgres")
    (folder / "data").mkdir()
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(server.erase)
        server.start()
        log = stack.enter_context((folder / "log").open("w"))
        with redirect_stdout(log):
            configure_logging(TelemetrySettings())
        await connect()
        stack.push_async_callback(disconnect)
        await migrate(all_rooms())
        await stack.enter_async_context(Hub())
        web = create_web([*all_rooms(), shelf])
        site = Site(web, stack)
        member = await site.member()
        await _opened(member)
        shop = await _stocked(member)
        # As `verf up` does once the house stands; the baselines of this process gain by it too.
        gc.collect()
        gc.freeze()
        yield Ground(folder, server.owner_url(), web, member, shop)


async def _opened(member: Member) -> None:
    """The largest plan for good; its quota of calls is counted as always, only never used up."""
    version = (await publish()).plans("stock")[-1].id
    async with transaction(organisation=member.organisation) as session:
        gift = {"source": "staff", "source_ref": "benchmark", "starts_at": now(), "ends_at": None}
        await give(session, member.organisation, "stock", plan_version=version, **gift)
        word = {"is_allowed": True, "because": "benchmark", "amount": 10**9}
        session.add(OverrideRow(organisation_id=member.organisation, product="stock", feature="calls", **word))


async def _stocked(member: Member) -> UUID:
    async with transaction(organisation=member.organisation) as session:
        shop = Connection(
            organisation_id=member.organisation,
            marketplace="wildberries",
            seller=str(new_id()),
            token_kind="service",
            scopes=["content"],
            read_only=True,
            expires_at=now() + timedelta(days=90),
            state="active",
            state_at=now(),
            created_by=member.person,
            created_at=now(),
            next_sync_at=now() + timedelta(days=90),
        )
        session.add(shop)
        await session.flush()
        session.add_all(
            Product(
                organisation_id=member.organisation,
                connection_id=shop.id,
                nm_id=100_000_000 + number,
                vendor_code=f"SHIRT-{number:05}",
                title=f"A shirt of linen, number {number}",
                brand="Harbour",
                subject="Shirts",
                photo=f"https://images.example/{number}.webp",
            )
            for number in range(PRODUCTS)
        )
        return shop.id
