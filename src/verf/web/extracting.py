"""Finds the words that `_("…")` does not mark, because they stand where no room can be imported: methods of Babel."""

import ast
from collections.abc import Collection, Iterator
from typing import IO, Any

from babel.messages.extract import extract_python

# What manifests say to people.
SHOWN = frozenset({"label", "title", "promise", "summary", "text"})
# What products declare outside of their manifests: the names of plans and of what these give.
DECLARED = frozenset({"Entitlement", "Plan"})
# Errors of the rooms below this one: their sentences are translated when the answer is made.
SPOKEN = frozenset(
    {
        "DatabaseUnreachable",
        "IdempotencyKeyInFlight",
        "IdempotencyKeyMissing",
        "IdempotencyKeyReused",
        "NotFound",
        "QuotaExceeded",
        "TemporaryReducedCapacity",
    }
)

Words = Iterator[tuple[int, str, Any, list[str]]]


def manifest_words(
    file: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Words:
    tree = ast.parse(file.read())
    yield from _checks(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in SHOWN and (words := _constant(node.value)):
            yield node.value.lineno, "_", words, []


def python_words(
    file: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Words:
    """What Babel finds by itself, with `lazy("…")`, sentences of errors that come from below, and names of plans."""
    # Babel's annotation names the parts of another tuple.
    found: Iterator[Any] = extract_python(file, dict.fromkeys([*keywords, "lazy"]), comment_tags, options)  # type: ignore[arg-type]
    for line, function, words, comments in found:
        yield line, "_" if function == "lazy" else function, words, comments
    file.seek(0)
    tree = ast.parse(file.read())
    yield from _checks(tree)
    yield from _plans(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            name, sentence = getattr(node.exc.func, "id", ""), _constant(node.exc.args[0])
            if name in SPOKEN and sentence:
                yield node.lineno, "_", sentence, []


def _checks(tree: ast.Module) -> Words:
    """The claims of readiness checks, as the staff's page of health shows them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Check":
            for part in node.keywords:
                if part.arg == "name" and (words := _constant(part.value)):
                    yield part.value.lineno, "_", words, []


def _plans(tree: ast.Module) -> Words:
    """Titles and summaries of plans, as the page of prices shows them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in DECLARED:
            for part in node.keywords:
                if part.arg in SHOWN and (words := _constant(part.value)):
                    yield part.value.lineno, "_", words, []


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
