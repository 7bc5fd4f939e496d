"""What a mail says, read from its bytes as forgivingly as mail programs do."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

NUL_AND_LONE_SURROGATES = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Attachment:
    name: str
    type: str
    size: int


@dataclass(frozen=True)
class Message:
    subject: str
    text: str
    html: str
    headers: list[tuple[str, str]]
    attachments: list[Attachment]
    links: list[str]


def read_message(raw: bytes) -> Message:
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    html = _body(parsed, "html")
    return Message(
        subject=_clean(str(parsed.get("subject", ""))),
        text=_body(parsed, "plain"),
        html=html,
        headers=[(name, _clean(str(value))) for name, value in parsed.items()],
        attachments=[_attachment(part) for part in parsed.iter_attachments() if isinstance(part, EmailMessage)],
        links=links_in(html),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return _clean(str(part.get_content())).replace("\r\n", "\n")
    except (LookupError, ValueError):  # an unknown charset: show what can be shown
        payload = part.get_payload(decode=True)
        return _clean(payload.decode("utf-8", "replace")) if isinstance(payload, bytes) else ""


def _attachment(part: EmailMessage) -> Attachment:
    payload = part.get_payload(decode=True)
    size = len(payload) if isinstance(payload, bytes) else 0
    return Attachment(name=_clean(part.get_filename() or "unnamed"), type=part.get_content_type(), size=size)


def _clean(text: str) -> str:
    return NUL_AND_LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") if tag == "a" else None
        if href and href.startswith(("http://", "https://")) and href not in self.found:
            self.found.append(href)


def links_in(html: str) -> list[str]:
    parser = _Links()
    parser.feed(html)
    return parser.found
