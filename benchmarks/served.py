"""One web process to be measured: `python -m benchmarks.served house PORT`, or the bare baseline beside it.

Both run on the same uvicorn settings and the same loop.
"""

import gc
import os
import sys
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.types import ASGIApp

from benchmarks.shelf import shelf
from verf.app import all_rooms, create_web, open_house
from verf.realtime import Hub

POOL = 20
INSERT = text("INSERT INTO bare.inbox (body) VALUES (:body)")


async def serve(application: ASGIApp, port: int) -> None:
    # As `verf up` does once the house stands.
    gc.freeze()
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
    plans = [
        [(each["statement"], [_revived(value) for value in each["values"]]) for each in statements]
        for statements in plan["plans"]
    ]
    async with asyncpg.create_pool(**plan["address"], min_size=POOL, max_size=POOL) as pool:
        web = FastAPI()

        @web.get("/products/{number}")
        async def products(number: int) -> Response:
            async with pool.acquire() as connection:
                found = [await connection.fetch(statement, *values) for statement, values in plans[number]]
            body = orjson.dumps({"items": [dict(row) for rows in found for row in rows]}, default=str)
            return Response(body, media_type="application/json")

        await serve(web, port)


async def inbox(port: int) -> None:
    """What one writes by hand: a session, one row, a commit, then the answer."""
    address = orjson.loads(os.environ["BENCHMARK_STATEMENTS"])["address"]
    url = URL.create(
        "postgresql+asyncpg",
        username=address["user"],
        password=address["password"],
        database=address["database"],
        query={"host": address["host"]},
    )
    engine = create_async_engine(url, pool_size=POOL)
    sessions = async_sessionmaker(engine)
    web = FastAPI()

    @web.get("/ready")
    async def ready() -> Response:
        return Response(b"{}", media_type="application/json")

    @web.post("/webhook")
    async def receive(request: Request) -> Response:
        body = await request.body()
        async with sessions() as session:
            await session.execute(INSERT, {"body": body})
            await session.commit()
        return Response(b'{"stored":true}', media_type="application/json")

    await serve(web, port)


def _revived(value: Any) -> Any:
    if isinstance(value, list):
        return [_revived(each) for each in value]
    return UUID(value["uuid"]) if isinstance(value, dict) and "uuid" in value else value


if __name__ == "__main__":
    kind, port = sys.argv[1:]
    with suppress(KeyboardInterrupt):
        uvloop.run({"house": house, "bare": bare, "inbox": inbox}[kind](int(port)))
