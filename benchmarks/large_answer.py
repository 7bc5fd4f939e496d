"""Takes a large stock report as the product does, in a process of its own: `python -m benchmarks.large_answer ROWS`.

Prints megabytes: before, with the answer decoded, and the peak once its rows are in the database.
"""

import asyncio
import json
import os
import resource
import sys
from uuid import UUID

import httpx
import orjson

from stock.models import StockChange, StockLevel
from stock.wildberries import answers
from stock.wildberries.remains import read_wb_stocks
from verf.database import History, connect, disconnect, transaction, upsert
from verf.kit import new_id, now

PARTS = 5_000
COLUMNS = ("connection_id", "chrt_id", "warehouse_id", "nm_id", "source", "quantity", "to_client", "from_client")


async def take(rows: int) -> dict[str, float]:
    await connect()
    content = written(rows)
    before = peak()
    response = httpx.Response(200, content=content, headers={"content-type": "application/json"})
    body = answers.read(response)
    parsed = peak()
    levels, warehouses = read_wb_stocks(body)
    del body, response
    places = {key: new_id() for key in warehouses}
    shop = UUID(os.environ["BENCHMARK_SHOP"])
    async with transaction(organisation=UUID(os.environ["BENCHMARK_ORGANISATION"])) as session:
        moved = await upsert(
            session,
            StockLevel,
            [(shop, row.chrt_id, places[row.warehouse], row.nm_id, "wb", *row[3:]) for row in levels],
            columns=COLUMNS,
            by=COLUMNS[:3],
            changed=COLUMNS[5:],
            history=History(record=StockChange, values={"at": now(), "run_id": new_id()}),
        )
    assert len(moved) == rows
    await disconnect()
    return {"before": before, "parsed": parsed, "peak": peak(), "answer": len(content) / 1e6}


def written(rows: int) -> bytes:
    """The report as bytes, made in parts so that making it does not weigh more than taking it."""
    parts = []
    for start in range(0, rows, PARTS):
        part = [row(number) for number in range(start, min(start + PARTS, rows))]
        parts.append(orjson.dumps(part)[1:-1])
    return b'{"data":{"items":[' + b",".join(parts) + b"]}}"


def row(number: int) -> dict[str, object]:
    return {
        "nmId": 100_000_000 + number // 25,
        "chrtId": 300_000_000 + number // 5,
        "warehouseId": 500 + number % 5,
        "warehouseName": f"Склад {number % 5}",
        "regionName": "Центральный",
        "quantity": number % 40,
        "inWayToClient": number % 3,
        "inWayFromClient": 0,
    }


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(take(int(sys.argv[1])))))
