"""What `verf up` is compared with: FastAPI and the embedded server, nothing else. `python -m benchmarks.alone PORT`."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg
import uvicorn
import uvloop
from fastapi import FastAPI

from verf.database import EmbeddedServer


async def serve(port: int) -> None:
    server = EmbeddedServer(Path(os.environ["BENCHMARK_FOLDER"]))
    await asyncio.to_thread(server.start)
    url = server.owner_url()
    pool = asyncpg.create_pool(
        user=url.username,
        password=url.password,
        database=url.database,
        host=str(url.query["host"]),
        min_size=1,
        max_size=20,
    )
    try:
        async with pool:
            web = FastAPI()

            @web.get("/health/ready")
            async def ready() -> dict[str, int]:
                return {"answer": await pool.fetchval("SELECT 1")}

            config = uvicorn.Config(web, port=port, loop="none", lifespan="off", access_log=False, log_config=None)
            await uvicorn.Server(config).serve()
    finally:
        server.stop()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(serve(int(sys.argv[1])))
