"""The house while it runs: what must be open before a request or a job, in what order, and how it all stops."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from verf.billing import settle_blocks
from verf.database import connect, disconnect, migrate
from verf.errors import Unavailable
from verf.limits import close_stores
from verf.manifest import Room
from verf.operations import refusals
from verf.outbound import close_clients
from verf.sandbox import restore_clock
from verf.settings import House, load
from verf.telemetry import SentrySettings, TelemetrySettings, configure_logging, log, start_error_reports

SMALLEST_DISK = 200_000_000


class NotReadyToStart(Unavailable):
    """The settings or the machine make a safe start impossible; the message says what to change."""


def sandbox_folder() -> Path:
    house: House = load(House)
    return house.data / "sandbox"


@asynccontextmanager
async def open_house(rooms: Sequence[Room], *, migrating: bool = False, quiet: bool = False) -> AsyncIterator[None]:
    """Logs (only of trouble when `quiet`), clock, database. All else of a process starts inside and ends before."""
    start_logs(quiet=quiet)
    start_error_reports(load(SentrySettings), load(House))
    refuse_unsafe(rooms)
    if load(House).is_sandbox:
        prepare_data(load(House).data)
        restore_clock(sandbox_folder())
    await connect()
    try:
        if migrating:
            applied = await migrate(rooms)
            log(__name__).info("database is at head", applied=len(applied))
        yield
    finally:
        # Shielded: a second Ctrl-C must not leave the database server without its last holder.
        await asyncio.shield(leave())


def start_logs(*, quiet: bool = False) -> None:
    """A command that answers in a sentence keeps its log to what went wrong."""
    settings = load(TelemetrySettings)
    configure_logging(settings.model_copy(update={"level": "warning"}) if quiet else settings)


async def leave() -> None:
    try:
        await settle_blocks()
    except Unavailable:
        log(__name__).warning("What was counted last is given back by the end of its holds.")
    await close_clients()
    await close_stores()
    await disconnect()


def refuse_unsafe(rooms: Sequence[Room]) -> None:
    reasons = refusals(rooms)
    if reasons:
        raise NotReadyToStart("verf does not start like this:\n" + "\n".join(f"  - {reason}" for reason in reasons))


def prepare_data(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotReadyToStart(
            f"The data folder {folder} cannot be made: {error.strerror}. VERF_DATA chooses another."
        ) from error
    free = shutil.disk_usage(folder).free
    if free < SMALLEST_DISK:
        raise NotReadyToStart(f"The disk of {folder.resolve()} is almost full: {free // 1_000_000} MB are left.")
