"""Tests of one group stay on one worker: they share a running house, and the runner must not split them."""

import subprocess
import sys
from pathlib import Path

GROUPED = """
import pytest

pytestmark = pytest.mark.xdist_group("one")


@pytest.mark.parametrize("number", range(6))
def test_where(number, worker_id):
    with open(WORKERS, "a") as file:
        file.write(worker_id + " ")
"""


def test_a_group_is_not_split_over_workers(tmp_path: Path) -> None:
    workers = tmp_path / "workers"
    (tmp_path / "test_grouped.py").write_text(GROUPED.replace("WORKERS", repr(str(workers))))
    words = ["-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "-p", "no:verf", "--rootdir", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pytest", *words, str(tmp_path)], cwd=tmp_path, check=True, timeout=120)
    seen = workers.read_text().split()
    assert len(seen) == 6
    assert len(set(seen)) == 1
