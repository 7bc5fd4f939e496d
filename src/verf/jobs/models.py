from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record


class JobRun(Record):
    """How a job is doing, for those who watch it. Only jobs that report, or are asked to stop, have one."""

    __tablename__ = "runs"
    room = "jobs"

    job: Mapped[int] = mapped_column(BigInteger, unique=True)
    organisation: Mapped[UUID | None]
    state: Mapped[str]
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    note: Mapped[str] = mapped_column(server_default="")
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)


class Slot(Record):
    """A moment at which a schedule was due. The unique key makes one worker the one that fires it."""

    __tablename__ = "slots"
    room = "jobs"
    __table_args__ = (UniqueConstraint("schedule", "due_at"),)

    schedule: Mapped[str]
    due_at: Mapped[datetime]
