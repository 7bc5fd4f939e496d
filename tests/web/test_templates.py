"""The Content-Security-Policy allows no inline code or styles; these are found before a browser refuses them."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    path
    for folder in ("src", "products")
    for path in (ROOT / folder).rglob("templates/**/*.html")
    if ".venv" not in path.parts
)
FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a handler attribute": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on\b", re.IGNORECASE),
    "a script in hx-vals": re.compile(r"hx-(?:vals|headers)\s*=\s*[\"']\s*(?:js|javascript):", re.IGNORECASE),
    "a filter in hx-trigger": re.compile(r"hx-trigger\s*=\s*[\"'][^\"']*\[", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "a file of another site": re.compile(
        r"<(?:script|link|img)[^>]*(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE
    ),
    "text that is not escaped": re.compile(r"\|\s*safe\b"),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_nothing_the_policy_forbids(path: Path):
    source = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    # A tag may span lines and hold expressions with > in them.
    flat = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "x", source, flags=re.DOTALL).replace("\n", " ")
    found = [
        what
        for what, pattern in FORBIDDEN.items()
        if pattern.search(flat) or (what.startswith("text") and pattern.search(source))
    ]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_can_be_read(path: Path):
    Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text())


def test_the_lint_would_notice():
    for bad in (
        '<p style="x">',
        '<a onclick="x()">',
        "<script>x</script>",
        '<b hx-on:click="x">',
        "<i hx-vals='js:{a:1}'>",
    ):
        assert any(pattern.search(bad) for pattern in FORBIDDEN.values()), bad
