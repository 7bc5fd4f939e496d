"""The largest memory of a process that takes a stock report of 250,000 rows into the database."""

import json
import os
from collections.abc import Sequence

from benchmarks.comparing import Line, Sample, Scale
from benchmarks.ground import Ground
from benchmarks.processes import said_by


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    os.environ["BENCHMARK_ORGANISATION"] = str(ground.member.organisation)
    os.environ["BENCHMARK_SHOP"] = str(ground.shop)
    said = json.loads(await said_by("large_answer", str(scale.answer)))
    return [
        Line(
            f"answer of {scale.answer:,} rows, peak",
            "MB",
            Sample(said["peak"]),
            Sample(said["parsed"]),
            "decoding it alone",
            300,
            note=f"answer of {said['answer']:.0f} MB; process before it {said['before']:.0f} MB",
        )
    ]
