"""Every notice of every installed room and product, in every language."""

import re
from dataclasses import fields
from html.parser import HTMLParser

import pytest
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from verf.app import all_rooms
from verf.notifications import configure
from verf.notifications.catalogue import entry_of
from verf.notifications.composing import Reader, write
from verf.notifications.samples import sample_of
from verf.web import LOCALES
from verf.web import configure as configure_pages

ROOMS = all_rooms()
NOTICES = sorted(notice.name for room in ROOMS for notice in room.notices)
UNSUBSCRIBE = "https://verf.example/unsubscribe/x"


class Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        self.hidden += tag in {"style", "title"}

    def handle_endtag(self, tag):
        self.hidden -= tag in {"style", "title"}

    def handle_data(self, data):
        if not self.hidden:
            self.words += data.split()


def seen_in(html: str) -> str:
    shown = Shown()
    shown.feed(html)
    return " ".join(shown.words)


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", re.sub(r"https?://\S+", "", text)))


@pytest.fixture(autouse=True)
def whole_house():
    configure_pages(ROOMS)
    configure(ROOMS)


def kept_and_read_again(notice, data):
    kept = TypeAdapter(notice.data).validate_python(to_jsonable_python(data))
    assert kept == data
    return kept


@pytest.mark.parametrize("language", list(LOCALES))
@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_says_everything_in_every_language(name, language):
    entry = entry_of(name)
    data = kept_and_read_again(entry.notice, sample_of(entry.notice.data))
    reader = Reader("anna@example.org", "Anna", language)
    letter = write(entry, data, reader, UNSUBSCRIBE if entry.notice.can_opt_out else "")
    assert letter.subject.strip()
    assert f'lang="{language}"' in letter.html
    assert "<mj-" not in letter.html, "an unknown tag of the mail language is dropped in silence"
    assert "%(" not in letter.subject + letter.text + letter.html, "a value was not filled in"
    assert words(letter.text) <= words(seen_in(letter.html))
    if "url" in [field.name for field in fields(entry.notice.data)]:
        assert data.url in letter.text
        assert data.url.replace("&", "&amp;") in letter.html
