"""A new product works as it is written: its tests pass, and it follows the rules of the house."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from verf.cli.blueprints import write_product
from verf.errors import Conflict, Invalid

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def installed(home: Path, beside: Path) -> dict[str, str]:
    """Installed as pip would, without building a wheel: its entry point on a path."""
    metadata = beside / f"verf_{home.name}-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: verf-{home.name}\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(f"[verf.products]\n{home.name} = {home.name}.manifest:product\n")
    return os.environ | {"PYTHONPATH": f"{home}{os.pathsep}{beside}", "VERF_DATA": str(beside / "data")}


def run(*command: str | Path, environment: dict[str, str], folder: Path) -> None:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_product_passes_its_own_tests(tmp_path: Path) -> None:
    home = write_product("notes", tmp_path / "products")
    environment = installed(home, tmp_path / "site")
    words = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", ROOT / "pyproject.toml", "--rootdir", home)
    run(sys.executable, "-m", "pytest", *words, home / "tests", environment=environment, folder=home)


def test_a_new_product_is_in_the_house_style(tmp_path: Path) -> None:
    home = write_product("notes", tmp_path / "products")
    own = (
        "--no-cache",
        "--config",
        ROOT / "pyproject.toml",
        "--config",
        f"src = ['{ROOT}/src', '{home}']",
        home / "notes",
    )
    run(BIN / "ruff", "check", *own, environment=dict(os.environ), folder=home)
    run(BIN / "ruff", "format", "--check", *own, environment=dict(os.environ), folder=home)


@pytest.mark.parametrize("name", ["", "N", "Notes", "my-notes", "1notes", "class", "../notes", "x" * 31])
def test_a_name_that_python_cannot_import_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        write_product(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["verf", "billing", "identity", "stock", "json"])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Conflict):
        write_product(name, tmp_path)


def test_a_product_is_never_overwritten(tmp_path: Path) -> None:
    write_product("notes", tmp_path)
    with pytest.raises(Conflict):
        write_product("notes", tmp_path)
