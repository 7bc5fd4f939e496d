"""The rules of the house that an import linter cannot say. DESIGN: rooms have doors, edges belong to manifests."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PRODUCTS = sorted(path.parent.name for path in ROOT.glob("products/*/pyproject.toml"))
HOUSE = grimp.build_graph("verf", *PRODUCTS, cache_dir=None)
EDGES = {"pages", "api", "webhooks", "jobs", "bot", "admin", "checks"}
BANNED_NAMES = {"utils", "helpers", "common", "core", "base", "manager", "service", "misc", "constants"}
SOURCES = sorted(
    path
    for folder in ("src", *(f"products/{name}/{name}" for name in PRODUCTS))
    for path in (ROOT / folder).rglob("*.py")
)
CODE = [path for path in SOURCES if "migrations" not in path.parts]
IMPORTS = [(a, b) for a in sorted(HOUSE.modules) for b in sorted(HOUSE.find_modules_directly_imported_by(a))]


def room(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "verf" else parts[0]


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_rooms_are_entered_through_the_door() -> None:
    past = [
        f"{importer} imports {imported}"
        for importer, imported in IMPORTS
        if room(importer) != room(imported)
        and imported != room(imported)
        # app puts the house together; a test plug-in and the command line stand on top of it.
        and not (imported.endswith(".manifest") and room(importer) == "verf.app")
        and not imported.startswith("verf.app")
    ]
    assert past == []


def test_only_the_manifest_imports_edges() -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, imported in IMPORTS
        if room(imported) != imported
        and imported.split(".")[-1] in EDGES
        and not importer.endswith(".manifest")
        and not imported.startswith("verf.admin.admin")
    ]
    assert wrong == []


def test_rooms_do_not_stand_in_a_circle() -> None:
    arrows = {(room(a), room(b)) for a, b in IMPORTS if room(a) != room(b)}
    rooms = {name for arrow in arrows for name in arrow}
    reach = {name: {b for a, b in arrows if a == name} for name in rooms}
    for _ in rooms:
        reach = {name: found | {far for near in found for far in reach[near]} for name, found in reach.items()}
    assert [name for name in sorted(rooms) if name in reach[name]] == []


def test_doors_are_narrow_and_say_what_they_are_for() -> None:
    for door in sorted((ROOT / "src/verf").glob("*/__init__.py")):
        tree = ast.parse(door.read_text())
        assert ast.get_docstring(tree), door
        names = [
            element
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "__all__"
            for element in getattr(node.value, "elts", [])
        ]
        assert len(names) <= 30, f"{door.parent.name} has {len(names)} names in its door"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_hold_one_concept(path: Path) -> None:
    source = path.read_text()
    assert path.stem not in BANNED_NAMES
    assert len(source.splitlines()) <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is too long"
            assert len(node.args.posonlyargs + node.args.args) <= 6, f"{node.name} takes too many by position"
            inner = [inner for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
            assert not inner, f"{node.name} imports inside a function"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_clock_and_the_commit_have_one_owner(path: Path) -> None:
    relative = path.relative_to(ROOT).as_posix()
    for call in calls(ast.parse(path.read_text())):
        name = ast.unparse(call.func)
        if not relative.startswith("src/verf/kit/"):
            assert name not in {
                "datetime.now",
                "datetime.utcnow",
                "datetime.today",
                "date.today",
                "datetime.datetime.now",
            }, name
        if not relative.startswith("src/verf/database/"):
            assert not name.endswith((".commit", ".rollback")), f"{name} belongs to verf.database"


def test_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_products_use_the_doors_of_the_platform_and_not_its_machinery() -> None:
    closed = ("verf.app", "verf.cli", "verf.admin", "verf.testing", "verf.sandbox")
    wrong = [f"{a} imports {b}" for a, b in IMPORTS if room(a) in PRODUCTS and b.startswith(closed)]
    wrong += [f"{a} imports {b}" for a, b in IMPORTS if room(a) != room(b) and room(b) in PRODUCTS]
    assert wrong == []


def test_a_simulator_knows_nothing_of_the_product_that_talks_to_it() -> None:
    wrong = [
        f"{a} imports {b}"
        for a, b in IMPORTS
        if ".simulators" in a and room(a) == room(b) and not b.startswith(f"{room(a)}.simulators")
    ]
    assert wrong == []


def test_every_product_in_the_repository_is_installed_and_found() -> None:
    assert {point.name for point in entry_points(group="verf.products")} >= set(PRODUCTS)


def test_the_project_speaks_of_itself_alone() -> None:
    texts = [path for pattern in ("*.md", "docs/**/*.md", "*.txt", "*.toml") for path in ROOT.glob(pattern)]
    hosts = ("pypi" + ".org/", "pythonhosted" + ".org/", "registry.npmjs" + ".org")
    for path in [*texts, *SOURCES]:
        body = path.read_text()
        assert not any(host in body for host in hosts), path
