"""The little Markdown that documentation in code uses: headings, paragraphs, lists, `code`, blocks of code."""

import re
from textwrap import dedent

from markupsafe import Markup, escape

FENCE = re.compile(r"^```.*?$\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"#{1,6} +(.*)")
ITEM = re.compile(r"[-*] +")


def prose(text: str) -> Markup:
    """Text as HTML; whatever it says, it is never markup."""
    parts = FENCE.split(dedent(text).strip())
    return Markup("\n").join(_block(part) if index % 2 else _blocks(part) for index, part in enumerate(parts))


def _block(code: str) -> Markup:
    return Markup('<pre tabindex="0">{}</pre>').format(code.rstrip())


def _blocks(text: str) -> Markup:
    blocks = (block.strip("\n") for block in re.split(r"\n\s*\n", text))
    return Markup("\n").join(_paragraph(block) for block in blocks if block.strip())


def _paragraph(block: str) -> Markup:
    first, _, rest = block.partition("\n")
    if heading := HEADING.fullmatch(first.strip()):
        title = Markup("<h3>{}</h3>").format(_inline(heading[1]))
        return title + _blocks(rest)
    if ITEM.match(first):
        items = (_inline(item) for item in re.split(r"(?m)^[-*] +", block)[1:])
        return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in items))
    if first.startswith(("|", "    ")):
        return _block(block)
    return Markup("<p>{}</p>").format(_inline(block))


def _inline(text: str) -> Markup:
    parts = re.split(r"`([^`]+)`", text)
    pieces = (Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts))
    return Markup("").join(pieces)
