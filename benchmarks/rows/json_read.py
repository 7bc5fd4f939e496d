"""An authenticated list of 50 rows over a socket, against FastAPI and asyncpg that only send the same statements."""

import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from benchmarks.comparing import Line, Scale, by_turns
from benchmarks.ground import Ground
from benchmarks.processes import answering, said_by
from benchmarks.shelf import PRODUCTS
from benchmarks.statements import Statement, noting_statements
from verf.testing import free_port

PRODUCT_ROUTE = "/api/v1/stock/products"
CONNECTIONS = 16


NOTE = "quota of reads counted, but lifted to 10⁹ a minute"


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    asked = {"JSON read, 50 rows": f"{PRODUCTS}?limit=50"}
    if (await ground.member.http.get(f"{PRODUCT_ROUTE}?limit=50")).status_code == 200:
        asked["JSON read of stock"] = f"{PRODUCT_ROUTE}?limit=50"
    sent = [await statements_of(ground, path) for path in asked.values()]
    plans = [[_as_data(each) for each in same] for _, same in sent]
    async with AsyncExitStack() as stack:
        ours, bare = await _both(ground, plans, stack)
        lines = []
        for place, (name, path) in enumerate(asked.items()):
            mine, theirs = await by_turns(
                min(scale.rounds, 3),
                partial(_answers, ours, path, scale, ground.token),
                partial(_answers, bare, f"/products/{place}", scale),
            )
            note = f"{len(sent[place][0])} statements; {NOTE}"
            lines.append(Line(name, "/s", mine, theirs, "FastAPI + asyncpg", 0.5, "ratio", "more", note))
    return lines


async def _both(ground: Ground, plans: Sequence[object], stack: AsyncExitStack) -> tuple[int, int]:
    """The ports of the house and of the baseline, which answers `/products/0` with the first plan, and so on."""
    ours, bare = free_port(), free_port()
    served = (sys.executable, "-m", "benchmarks.served")
    await stack.enter_async_context(answering(*served, "house", str(ours), url=f"http://127.0.0.1:{ours}/health/ready"))
    plan = orjson.dumps({"address": ground.bare_address(), "plans": plans}, default=str).decode()
    environment = {"BENCHMARK_STATEMENTS": plan}
    url = f"http://127.0.0.1:{bare}/products/0"
    await stack.enter_async_context(answering(*served, "bare", str(bare), url=url, environment=environment))
    return ours, bare


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
    return {"statement": statement.text, "values": [_marked(value) for value in statement.values]}


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(each) for each in value]
    return {"uuid": str(value)} if isinstance(value, UUID) else value
