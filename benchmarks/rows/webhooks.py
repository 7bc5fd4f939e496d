"""Webhooks accepted, stored with their job and answered, against a FastAPI route that inserts and commits one row."""

import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

import orjson

from benchmarks.comparing import Line, Sample, Scale, by_turns
from benchmarks.ground import Ground
from benchmarks.processes import answering, said_by
from verf.testing import free_port

OURS, BARE = "/api/v1/billing/webhook/paddle", "/webhook"
CONNECTIONS, RATE = 16, 200
TABLE = """
CREATE SCHEMA IF NOT EXISTS bare;
CREATE TABLE IF NOT EXISTS bare.inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now());
"""
BASELINE = "FastAPI + SQLAlchemy, one row"


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    connection = await ground.bare_connection()
    await connection.execute(TABLE)
    await connection.close()
    ours, bare = free_port(), free_port()
    served = (sys.executable, "-m", "benchmarks.served")
    environment = {"BENCHMARK_STATEMENTS": orjson.dumps({"address": ground.bare_address(), "plans": []}).decode()}
    async with AsyncExitStack() as stack:
        ready = f"http://127.0.0.1:{ours}/health/ready"
        await stack.enter_async_context(answering(*served, "house", str(ours), url=ready))
        url = f"http://127.0.0.1:{bare}/ready"
        await stack.enter_async_context(answering(*served, "inbox", str(bare), url=url, environment=environment))
        mine, theirs = await by_turns(
            min(scale.rounds, 3), partial(_accepted, ours, OURS, scale), partial(_accepted, bare, BARE, scale)
        )
        on_time = [await _load(port, path, scale, RATE) for port, path in ((ours, OURS), (bare, BARE))]
    note = "signed, stored word for word, with the job of its handling; no worker beside"
    return [
        Line("webhooks accepted", "/s", mine, theirs, BASELINE, 0.6, "ratio", "more", note),
        Line(
            f"webhook answered, p95 at {RATE}/s",
            "ms",
            Sample(on_time[0]["p95"]),
            Sample(on_time[1]["p95"]),
            BASELINE,
            50,
            note=f"p50 {on_time[0]['p50']:.1f} ms",
        ),
    ]


async def _accepted(port: int, path: str, scale: Scale) -> float:
    return (await _load(port, path, scale, 0))["a_second"]


async def _load(port: int, path: str, scale: Scale, rate: int) -> dict[str, float]:
    said = await said_by("webhook_load", str(port), path, str(scale.seconds * 2), str(CONNECTIONS), str(rate))
    found: dict[str, float] = json.loads(said)
    return found
