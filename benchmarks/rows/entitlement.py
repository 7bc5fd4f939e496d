"""What it costs to ask whether somebody may do something, once their access is known: no query at all."""

import time
from collections.abc import Sequence
from functools import partial

from benchmarks.comparing import Line, Scale, by_turns
from benchmarks.ground import Ground
from benchmarks.statements import noting_statements
from verf.billing import allows

PRODUCT, FEATURE = "stock", "products"
MILLION = 1_000_000
LOOK = "SELECT ends_at FROM billing.grants WHERE organisation_id = $1 AND product = $2"


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    organisation = ground.member.organisation
    if not (await allows(organisation, PRODUCT, FEATURE)).allowed:
        raise RuntimeError("The member of the benchmark has no access to what is measured.")
    connection = await ground.bare_connection()
    asked = scale.requests * 20

    async def ours() -> float:
        started = time.perf_counter()
        for _ in range(asked):
            await allows(organisation, PRODUCT, FEATURE)
        return (time.perf_counter() - started) / asked * MILLION

    async def bare() -> float:
        started = time.perf_counter()
        for _ in range(scale.requests):
            await connection.fetch(LOOK, organisation, PRODUCT)
        return (time.perf_counter() - started) / scale.requests * MILLION

    with noting_statements() as noted:
        await ours()
    mine, theirs = await by_turns(scale.rounds, partial(ours), partial(bare))
    await connection.close()
    note = f"{len(noted)} statements in {asked:,} decisions"
    baseline = "one SELECT of the grants, asyncpg"
    return [Line("entitlement decision, known", "µs", mine, theirs, baseline, 0.5, "ratio", "less", note)]
