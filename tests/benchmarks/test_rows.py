import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lines() -> list[dict[str, object]]:
    """All rows in their smallest form; what they measure means nothing here."""
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny", "--json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert found.returncode == 0, found.stderr.decode()[-4000:]
    return json.loads(found.stdout)


@pytest.mark.parametrize(
    "row",
    [
        "JSON read, 50 rows",
        "stock sync, 500 rows, 2 % changed",
        "stock sync, 500 rows, all new",
        "answer of 1,000 rows, peak",
        "jobs, message only",
        "jobs, in a transaction",
        "jobs, enqueue many",
        "job, commit to start, p50",
        "publish to page, p95",
        "webhooks accepted",
        "webhook answered, p95 at 200/s",
        "entitlement decision, known",
        "verf up, first start",
        "verf up, ready",
        "verf up, memory",
    ],
)
def test_every_row_gives_numbers(lines: list[dict[str, object]], row: str) -> None:
    [line] = [line for line in lines if line["name"] == row]
    assert line["ours"]["value"] > 0
    assert line["baseline"]["value"] > 0
    assert line["ratio"] > 0


def test_a_page_is_weighed(lines: list[dict[str, object]]) -> None:
    [weight] = [line for line in lines if str(line["name"]).endswith("cold load")]
    assert 0 < weight["ours"]["value"] <= weight["target"]


def test_every_published_event_is_heard(lines: list[dict[str, object]]) -> None:
    [line] = [line for line in lines if line["name"] == "publish to page, p95"]
    assert "0 not heard" in line["note"]
