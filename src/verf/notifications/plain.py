"""The text version of a mail, read off its MJML: what a person without pictures and colours gets."""

import re
from html.parser import HTMLParser

BREAKS = {"mj-text", "mj-table", "mj-section", "p", "div", "ul", "ol", "h1", "h2", "h3", "table", "mj-button"}
NOT_SHOWN = {"mj-title", "mj-preview", "mj-attributes", "mj-style", "mj-font", "style", "script"}
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
        self._inside: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        if tag in {"br", "img", "mj-image", "mj-spacer", "hr"}:
            self._inside.pop()
        if tag in BREAKS:
            self.pieces.append("\n\n")
        match tag:
            case "a" | "mj-button":
                self._links.append((dict(attrs).get("href") or "", len(self.pieces)))
            case "br" | "tr":
                self.pieces.append("\n")
            case "li":
                self.pieces.append("\n- ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        if tag == "mj-divider":
            self.pieces.append("\n\n---\n\n")
        elif tag == "br":
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass
        if tag in {"a", "mj-button"} and self._links:
            href, start = self._links.pop()
            label = "".join(self.pieces[start:]).strip()
            if href and href != label:
                self.pieces.append(f": {href}" if label else href)
        if tag in {"td", "th"}:
            self.pieces.append("\t")
        if tag in BREAKS:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not NOT_SHOWN.intersection(self._inside):
            self.pieces.append(SPACES.sub(" ", data))
