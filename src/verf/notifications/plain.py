"""The text version of a mail, read off its MJML: what a person without pictures and colours gets."""

import re
from html.parser import HTMLParser

PARAGRAPHS = ("mj-text", "mj-table", "mj-section", "mj-button", "p", "div", "ul", "ol", "h1", "h2", "h3", "table")
BEFORE = dict.fromkeys(PARAGRAPHS, "\n\n") | {"br": "\n", "tr": "\n", "li": "\n- ", "mj-divider": "\n\n---\n\n"}
AFTER = dict.fromkeys(PARAGRAPHS, "\n\n") | {"td": "\t", "th": "\t"}
LINKS = {"a", "mj-button"}
CHILDLESS = {"br", "hr", "img", "mj-image", "mj-spacer", "mj-divider"}
NOT_SHOWN = {"mj-head", "style", "script"}
SPACES = re.compile(r"[ \t\r\f\v\n]+")


def plain_text(mjml: str) -> str:
    reader = _Reader()
    reader.feed(mjml)
    reader.close()
    lines = (line.strip() for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def title_of(mjml: str) -> str:
    """The text of mj-title on one line."""
    reader = _Title()
    reader.feed(mjml)
    reader.close()
    return " ".join("".join(reader.pieces).split())


class _Title(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self._inside = self._inside or tag == "mj-title"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "mj-title"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.pieces.append(data)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in CHILDLESS:
            self._open.append((tag, self._is_hidden() or tag in NOT_SHOWN or values.get("css-class") == "brand"))
        self._add(BEFORE.get(tag, ""))
        if tag in LINKS:
            self._links.append((values.get("href") or "", len(self.pieces)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self._add(BEFORE.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in LINKS and self._links:
            self._end_link(*self._links.pop())
        self._add(AFTER.get(tag, ""))
        if any(tag == opened for opened, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._add(SPACES.sub(" ", data))

    def _end_link(self, href: str, start: int) -> None:
        label = "".join(self.pieces[start:]).strip()
        if href and href != label:
            self._add(f": {href}" if label else href)

    def _is_hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _add(self, piece: str) -> None:
        if not self._is_hidden():
            self.pieces.append(piece)
