"""One web process to be measured: `python -m benchmarks.served house PORT`, or the bare baseline beside it.

Both run on the same uvicorn settings and the same loop.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
import uvloop
from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from benchmarks.shelf import shelf
from verf.app import all_rooms, create_web, open_house
from verf.database import EmbeddedServer
from verf.realtime import Hub

POOL = 20


async def serve(application: ASGIApp, port: int) -> None:
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=port,
        loop="none",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    await uvicorn.Server(config).serve()


async def house(port: int) -> None:
    rooms = all_rooms()
    async with open_house(rooms), Hub():
        await serve(create_web([*rooms, shelf]), port)


async def bare(port: int) -> None:
    """FastAPI, a pool of asyncpg, orjson. The statements are those that the house sends for the same answer."""
    plan = orjson.loads(os.environ["BENCHMARK_STATEMENTS"])
    statements = [(each["statement"], [_revived(value) for value in each["values"]]) for each in plan["statements"]]
    async with asyncpg.create_pool(**plan["address"], min_size=POOL, max_size=POOL) as pool:
        web = FastAPI()

        @web.get("/products")
        async def products() -> Response:
            async with pool.acquire() as connection:
                found = [await connection.fetch(statement, *values) for statement, values in statements]
            body = orjson.dumps({"items": [dict(row) for rows in found for row in rows]}, default=str)
            return Response(body, media_type="application/json")

        await serve(web, port)


async def alone(port: int) -> None:
    """FastAPI and the embedded server, nothing else: what `verf up` starts beyond is verf."""
    async with (
        _server(Path(os.environ["BENCHMARK_FOLDER"])) as address,
        asyncpg.create_pool(**address, min_size=1, max_size=POOL) as pool,
    ):
        web = FastAPI()

        @web.get("/health/ready")
        async def ready() -> dict[str, int]:
            return {"answer": await pool.fetchval("SELECT 1")}

        await serve(web, port)


@asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[dict[str, str]]:
    server = EmbeddedServer(folder)
    await asyncio.to_thread(server.start)
    url = server.owner_url()
    try:
        yield {
            "user": str(url.username),
            "password": str(url.password),
            "database": str(url.database),
            "host": str(url.query["host"]),
        }
    finally:
        server.stop()


def _revived(value: Any) -> Any:
    return UUID(value["uuid"]) if isinstance(value, dict) and "uuid" in value else value


if __name__ == "__main__":
    kind, port = sys.argv[1:]
    with suppress(KeyboardInterrupt):
        uvloop.run({"house": house, "bare": bare, "alone": alone}[kind](int(port)))
