"""Pages: the design system, forms, security headers, problems, charts and the request's transaction.

Not a place for words or rules of any business: rooms and products bring their own templates and pages.
"""

from verf.web import charts, formats
from verf.web.cookies import drop_cookie, read_cookie, set_cookie
from verf.web.cursors import decode_cursor, encode_cursor
from verf.web.formats import format_date, format_datetime, format_money, format_number, format_time
from verf.web.forms import Form, blank, form
from verf.web.installing import install
from verf.web.locales import LOCALES, lazy, locale, ngettext, speak
from verf.web.locales import gettext as _
from verf.web.problems import problem_responses
from verf.web.rendering import configure, dress, page, redirect, render
from verf.web.tables import Table
from verf.web.transactions import Transaction

__all__ = [
    "LOCALES",
    "Form",
    "Table",
    "Transaction",
    "_",
    "blank",
    "charts",
    "configure",
    "decode_cursor",
    "dress",
    "drop_cookie",
    "encode_cursor",
    "form",
    "format_date",
    "format_datetime",
    "format_money",
    "format_number",
    "format_time",
    "formats",
    "install",
    "lazy",
    "locale",
    "ngettext",
    "page",
    "problem_responses",
    "read_cookie",
    "redirect",
    "render",
    "set_cookie",
    "speak",
]
