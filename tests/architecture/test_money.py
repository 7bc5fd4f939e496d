"""Money is counted in minor units by the table of ISO 4217, never in floats and never by dividing by a hundred."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("src/verf/billing", "src/verf/sandbox/payments", "src/verf/kit")
CODE = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
# Not 1000: that is milliseconds far more often than it is dinars.
POWERS_OF_TEN = {10, 100, 10_000, 0.1, 0.01, 0.0001}
MONEY = re.compile(r"amount|money|price|total|minor|balance|(^|_)(fee|tax|cost|paid|credit|sum)(_|$)")


def _number(node: ast.AST) -> object:
    if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in {"Decimal", "float", "int"}:
        node = node.args[0]
    return node.value if isinstance(node, ast.Constant) else None


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_amount_is_scaled_by_hand(path: Path) -> None:
    """A hundred that makes a percentage says so on its line: `# per cent`."""
    source = path.read_text()
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and "# per cent" in lines[node.lineno - 1]:
            continue
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod | ast.Mult):
            sides = {_number(node.right)} | ({_number(node.left)} if isinstance(node.op, ast.Mult) else set())
            numbers = {side for side in sides if isinstance(side, int | float)}
            assert not numbers & POWERS_OF_TEN, f"{ast.unparse(node)}: Money.of and .decimal know the exponent"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_money_is_a_float(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
            raise AssertionError(f"{ast.unparse(node)}: amounts go through Decimal or str")
        if isinstance(node, ast.AnnAssign):
            name, kind = ast.unparse(node.target), ast.unparse(node.annotation)
            assert not (MONEY.search(name) and re.search(r"\bfloat\b", kind)), f"{name} is a float"
        if isinstance(node, ast.arg) and node.annotation is not None:
            is_float = re.search(r"\bfloat\b", ast.unparse(node.annotation))
            assert not (MONEY.search(node.arg) and is_float), f"{node.arg} is a float"
