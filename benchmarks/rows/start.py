"""`verf up` on a prepared machine: seconds until it is ready, megabytes of all its processes with PostgreSQL."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comparing import Line, Sample, Scale
from benchmarks.ground import Ground
from benchmarks.processes import answering, megabytes, postmaster
from verf.testing import free_port

VERF = Path(sys.executable).parent / "verf"
SETTLED = 1.0


@dataclass(frozen=True)
class Start:
    seconds: float
    megabytes: float


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    rounds = max(1, min(scale.rounds, 3))
    folder = Path(tempfile.mkdtemp(prefix="verf-benchmark-start-"))
    try:
        cold, bare_cold = await _house(folder, scale), await _alone(folder, scale)
        # Where numbers mean nothing, two starts are enough.
        warm, bare = ([cold], [bare_cold]) if rounds == 1 else ([], [])
        for _ in range(rounds if rounds > 1 else 0):
            warm.append(await _house(folder, scale))
            bare.append(await _alone(folder, scale))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ours, other = Sample.of([each.seconds for each in warm]), Sample.of([each.seconds for each in bare])
    weight, light = Sample.of([each.megabytes for each in warm]), Sample.of([each.megabytes for each in bare])
    baseline = "FastAPI + embedded PostgreSQL"
    return [
        Line("verf up, first start", "s", Sample(cold.seconds), Sample(bare_cold.seconds), baseline),
        Line("verf up, ready", "s", ours, other, baseline, 5),
        Line("verf up, memory", "MB", weight, light, baseline, 400, note="proportional set size of all processes"),
    ]


async def _house(folder: Path, scale: Scale) -> Start:
    data = folder / "house"
    port = free_port()
    environment = {"VERF_PORT": str(port), "VERF_DATA": str(data)}
    return await _start(scale, str(VERF), "up", port=port, environment=environment, data=data / "postgres")


async def _alone(folder: Path, scale: Scale) -> Start:
    data, port = folder / "alone", free_port()
    environment = {"BENCHMARK_FOLDER": str(data)}
    words = (sys.executable, "-m", "benchmarks.alone", str(port))
    return await _start(scale, *words, port=port, environment=environment, data=data)


async def _start(scale: Scale, *words: str, port: int, environment: Mapping[str, str], data: Path) -> Start:
    url = f"http://127.0.0.1:{port}/health/ready"
    async with answering(*words, url=url, environment=environment) as (process, seconds):
        await asyncio.sleep(min(SETTLED, scale.seconds))
        return Start(seconds, megabytes(process.pid, postmaster(data)))
