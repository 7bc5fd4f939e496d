"""From a notice, its data and a reader to a mail in the reader's language."""

from contextvars import copy_context
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import mrml
from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from verf.kit import now
from verf.notifications.catalogue import Entry, template_loader
from verf.notifications.plain import plain_text, title_of
from verf.notifications.settings import NotificationSettings
from verf.settings import House, load
from verf.web import dress, locale, speak

# XML has no place for these, and no name needs them. Tab, line feed and carriage return may stay.
CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if code not in {9, 10, 13}}
LONGEST_SUBJECT = 200
NO_FONTS_FROM_ELSEWHERE = mrml.RenderOptions(fonts={})


@dataclass(frozen=True)
class Letter:
    """What a reader gets to see."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Reader:
    email: str
    name: str
    locale: str


def write(entry: Entry, data: Any, reader: Reader, unsubscribe_url: str = "") -> Letter:
    """In the reader's language, whatever language the caller speaks."""
    return copy_context().run(_write, entry, data, reader, unsubscribe_url)


def _write(entry: Entry, data: Any, reader: Reader, unsubscribe_url: str) -> Letter:
    speak(reader.locale)
    template = _environment(template_loader()).get_template(entry.template)
    site = load(House).url
    context = {
        "name": reader.name,
        "email": reader.email,
        "lang": locale(),
        "site": site,
        "site_name": urlsplit(site).hostname,
        "unsubscribe_url": unsubscribe_url,
        **{field: getattr(data, field) for field in _fields(data)},
        "data": data,
    }
    mjml = template.render({**context, "part": "mjml"})
    text = unescape(template.render({**context, "part": "text"})).strip()
    html = mrml.to_html(mjml, render_options=NO_FONTS_FROM_ELSEWHERE).content
    return Letter(title_of(mjml)[:LONGEST_SUBJECT], html, f"{text}\n" if text else plain_text(mjml))


def envelope(letter: Letter, reader: Reader, delivery: UUID, unsubscribe_url: str = "") -> EmailMessage:
    """The mail as it travels. Message-ID is made of the delivery, so that a mail sent twice can be seen to be one."""
    settings = load(NotificationSettings)
    sender_name, sender = parseaddr(settings.sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender, sender_name)
    message["To"] = _address(reader.email)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{delivery}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if settings.reply_to:
        message["Reply-To"] = settings.reply_to
    if unsubscribe_url:
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = reader.locale  # after the bodies, which reset all Content headers
    return message


def _address(address: str, name: str = "") -> Address:
    """Raises ValueError for what is no address; line breaks are refused by Address."""
    user, at, domain = address.rpartition("@")
    if not (user and at and domain):
        raise ValueError("This is not a mail address.")
    return Address(name, user, domain)


@lru_cache(maxsize=1)
def _environment(loader: BaseLoader) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        finalize=_without_controls,
    )
    dress(environment)
    return environment


def _without_controls(value: Any) -> Any:
    if isinstance(value, Markup):
        return Markup(value.translate(CONTROLS))  # noqa: S704 - it was markup before
    return value.translate(CONTROLS) if isinstance(value, str) else value


def _fields(data: Any) -> list[str]:
    """The names a template may use: fields and properties, so that a link can be made when the mail is written."""
    properties = [name for name, value in vars(type(data)).items() if isinstance(value, property)]
    return [*getattr(data, "__dataclass_fields__", {}), *properties]
