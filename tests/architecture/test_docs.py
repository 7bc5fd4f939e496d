"""What is written for people is true: links lead somewhere, and no setting is left unsaid."""

import re
from pathlib import Path

import pytest

from verf.app import all_rooms
from verf.operations import describe_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("products/*/*.md")])
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} points at {target}"


def test_every_setting_is_explained() -> None:
    told = (ROOT / "docs/guides/settings.md").read_text()
    assert [line.variable for line in describe_settings(all_rooms()) if f"`{line.variable}`" not in told] == []


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    pages = [page.name for page in (ROOT / "docs/decisions").glob("0*.md")]
    assert [name for name in pages if name not in index] == []
