"""An authenticated list of 50 rows over a socket, against FastAPI and asyncpg that only send the same statements."""

import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import orjson

from benchmarks.comparing import Line, Scale, by_turns
from benchmarks.ground import Ground, free_port
from benchmarks.processes import answering, said_by
from benchmarks.shelf import PRODUCTS
from benchmarks.statements import Statement, noting_statements

PRODUCT_ROUTE = "/api/v1/stock/products"
CONNECTIONS = 16


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    lines = [await _compare(ground, scale, "JSON read, 50 rows", f"{PRODUCTS}?limit=50", target=0.5)]
    if (await ground.member.http.get(f"{PRODUCT_ROUTE}?limit=50")).status_code == 200:
        lines.append(await _compare(ground, scale, "JSON read of stock", f"{PRODUCT_ROUTE}?limit=50", target=0.5))
    return lines


async def _compare(ground: Ground, scale: Scale, name: str, path: str, *, target: float) -> Line:
    every, same = await statements_of(ground, path)
    plan = {"address": ground.bare_address(), "statements": [_as_data(each) for each in same]}
    async with AsyncExitStack() as stack:
        ours, bare = free_port(), free_port() + 1
        served = (sys.executable, "-m", "benchmarks.served")
        await stack.enter_async_context(
            answering(*served, "house", str(ours), url=f"http://127.0.0.1:{ours}/health/ready")
        )
        environment = {"BENCHMARK_STATEMENTS": orjson.dumps(plan, default=str).decode()}
        await stack.enter_async_context(
            answering(*served, "bare", str(bare), url=f"http://127.0.0.1:{bare}/products", environment=environment)
        )
        mine, theirs = await by_turns(
            min(scale.rounds, 3),
            lambda: _answers(ours, path, scale, ground.token),
            lambda: _answers(bare, "/products", scale),
        )
    note = f"{len(every)} statements; quota of reads counted, but lifted to 10⁹ a minute"
    return Line(name, "/s", mine, theirs, "FastAPI + asyncpg", target, "ratio", "more", note)


async def statements_of(ground: Ground, path: str) -> tuple[Sequence[Statement], Sequence[Statement]]:
    """All statements of the request, and those of them that fetch what is answered. Asked twice: the first warms up."""
    for _ in range(2):
        with noting_statements() as noted:
            (await ground.member.http.get(path)).raise_for_status()
    return noted, [each for each in noted if "FROM stock." in each.text]


async def _answers(port: int, path: str, scale: Scale, token: str = "") -> float:
    said = await said_by(
        "http_load", str(port), path, str(scale.seconds), str(CONNECTIONS), *([token] if token else [])
    )
    return float(json.loads(said)["a_second"])


def _as_data(statement: Statement) -> dict[str, Any]:
    values = [{"uuid": str(value)} if isinstance(value, UUID) else value for value in statement.values]
    return {"statement": statement.text, "values": values}
