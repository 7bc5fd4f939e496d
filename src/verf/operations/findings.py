"""Ask every check of every room whether this process may take requests."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from verf.database import pending
from verf.errors import Unavailable
from verf.manifest import Check, Room
from verf.telemetry import gauge, log

LONGEST_CHECK = 3.0

_passing = gauge("verf_check_passing", "Whether a readiness check passed when last asked.", ["check"])


class MigrationsMissing(Unavailable):
    """This code is newer than the database."""


@dataclass(frozen=True)
class Finding:
    name: str
    passed: bool
    reason: str
    milliseconds: float


async def readiness(rooms: Sequence[Room]) -> list[Finding]:
    """One finding per check, all asked at once; a check that takes too long has failed."""

    async def migrations_are_at_head() -> None:
        if missing := await pending(rooms):
            raise MigrationsMissing(f"The database lacks {', '.join(missing)}. Run: verf migrate")

    checks = [check for room in rooms for check in room.checks]
    checks.append(Check(name="migrations are at head", run=migrations_are_at_head))
    return await asyncio.gather(*(_ask(check) for check in checks))


async def _ask(check: Check) -> Finding:
    started, reason = time.perf_counter(), ""
    try:
        async with asyncio.timeout(LONGEST_CHECK):
            await check.run()
    except TimeoutError:
        reason = f"No answer within {LONGEST_CHECK:.0f} seconds."
    except Exception as error:  # noqa: BLE001 - a check fails by raising anything at all
        reason = str(error) or type(error).__name__
    if reason:
        log(__name__).warning("not ready", check=check.name, reason=reason)
    _passing.labels(check.name).set(not reason)
    return Finding(check.name, not reason, reason, round((time.perf_counter() - started) * 1000, 1))
