"""One file per row of the table. Each has `measure(ground, scale)`, which returns lines."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from benchmarks.comparing import Line, Scale
from benchmarks.ground import Ground
from benchmarks.rows import (
    answer_memory,
    entitlement,
    job_latency,
    job_throughput,
    json_read,
    live,
    page,
    start,
    stock_sync,
    webhooks,
)

Row = Callable[[Ground, Scale], Awaitable[Sequence[Line]]]

ROWS: Mapping[str, Row] = {
    "read": json_read.measure,
    "sync": stock_sync.measure,
    "memory": answer_memory.measure,
    "jobs": job_throughput.measure,
    "latency": job_latency.measure,
    "page": page.measure,
    "live": live.measure,
    "webhooks": webhooks.measure,
    "entitlement": entitlement.measure,
    "start": start.measure,
}
