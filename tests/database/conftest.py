"""A room that exists only here, with tables made by the house's own migration helpers."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest_asyncio
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint, NullPool, UniqueConstraint
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record, Table, TenantRecord
from verf.database.migrations import room_schema, tenant_table


class Level(TenantRecord):
    room = "workshop"
    __tablename__ = "levels"
    __table_args__ = (UniqueConstraint("organisation_id", "shelf", "item"),)

    shelf: Mapped[int]
    item: Mapped[str]
    quantity: Mapped[int]
    note: Mapped[str | None]
    facts: Mapped[dict[str, Any] | None]


class LevelChange(TenantRecord):
    room = "workshop"
    __tablename__ = "level_changes"

    shelf: Mapped[int]
    item: Mapped[str]
    quantity: Mapped[int]
    quantity_before: Mapped[int | None]
    at: Mapped[datetime]


class Reservation(TenantRecord):
    room = "workshop"
    __tablename__ = "reservations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "level_id"], ["workshop.levels.organisation_id", "workshop.levels.id"]
        ),
    )

    level_id: Mapped[UUID]


class Plain(Record):
    room = "workshop"
    __tablename__ = "plain"

    name: Mapped[str] = mapped_column(unique=True)


class Pair(Table):
    room = "workshop"
    __tablename__ = "pairs"

    left: Mapped[int] = mapped_column(primary_key=True)
    right: Mapped[int]


WORKSHOP = [Level, LevelChange, Reservation, Plain, Pair]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def workshop_tables(migrated_database):
    engine = create_async_engine(migrated_database.server.owner_url(migrated_database.name), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_make)
    await engine.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def workshop(workshop_tables, database):
    return database


def _make(connection):
    with Operations.context(MigrationContext.configure(connection)):
        room_schema("workshop")
        Table.metadata.create_all(connection, tables=[record.__table__ for record in WORKSHOP])
        for record in WORKSHOP[:3]:
            tenant_table("workshop", record.__tablename__)
