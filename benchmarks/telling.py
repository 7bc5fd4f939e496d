"""The table on the terminal, the same in Markdown, and what machine it comes from."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.comparing import Line, Sample

HEAD = ("row", "ours", "baseline", "ratio", "target", "")


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    processor = f"{os.cpu_count()} × {model or platform.machine()}"
    return f"{moment} · {processor} · Python {platform.python_version()} · load {load}"


def table(lines: Sequence[Line]) -> str:
    cells = [HEAD, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(rows)


def markdown(lines: Sequence[Line]) -> str:
    rows = [HEAD, ("---",) * len(HEAD), *(_cells(line) for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(line: Line) -> tuple[str, ...]:
    verdict = {True: "met", False: "MISSED", None: ""}[line.met]
    baseline = f"{_sample(line.baseline, line.unit)} {line.baseline_name}" if line.baseline else ""
    ratio = f"{line.ratio:.2f}" if line.ratio is not None else ""
    return (line.name, _sample(line.ours, line.unit), baseline, ratio, _target(line), f"{verdict} {line.note}".strip())


def _sample(sample: Sample, unit: str) -> str:
    spread = f" ±{sample.spread / 2:.0f}%" if sample.spread else ""
    return f"{_number(sample.value)} {unit}{spread}"


def _target(line: Line) -> str:
    if line.target is None:
        return ""
    sign = "≥" if line.better == "more" else "≤"
    return f"{sign} {line.target:g}×" if line.judged == "ratio" else f"{sign} {_number(line.target)} {line.unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
