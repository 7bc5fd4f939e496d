"""Sentences about syncs. Rows keep a code and its values, so that every reader gets their own language."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from verf.web import _, format_datetime


def step_name(step: str) -> str:
    names = {
        "cards": _("Product cards"),
        "prices": _("Prices"),
        "stocks": _("Stock at Wildberries"),
        "seller_stocks": _("Stock in your warehouses"),
        "orders": _("Orders"),
        "sales": _("Sales and returns"),
    }
    return names.get(step, step)


def category_names(scopes: Iterable[str]) -> str:
    """The categories of a token as the seller's cabinet names them in the reader's language."""
    names = {
        "Content": _("Content"),
        "Analytics": _("Analytics"),
        "Prices and discounts": _("Prices and discounts"),
        "Marketplace": _("Marketplace"),
        "Statistics": _("Statistics"),
        "Promotion": _("Promotion"),
        "Feedbacks and questions": _("Feedbacks and questions"),
        "Buyers chat": _("Buyers chat"),
        "Supplies": _("Supplies"),
        "Buyers returns": _("Buyers returns"),
        "Documents": _("Documents"),
        "Finance": _("Finance"),
        "Users": _("Users"),
    }
    return ", ".join(names.get(scope, scope) for scope in scopes)


def note_of(step: Mapping[str, Any]) -> str:
    """What is worth knowing about a step that did not simply work."""
    note = step.get("note")
    if step.get("error"):
        return error_text(str(step.get("code", "")), str(step.get("step", "")), str(step["error"]))
    if note == "ask-again":
        moment = datetime.fromisoformat(str(step["postponed"]))
        return _("Wildberries lets this token ask again on %(time)s.", time=format_datetime(moment))
    sentences = {
        "second-reading": _("Too much fell to zero at once, so it was read a second time."),
        "doubtful": _("Too much fell to zero at once. It stays as it was until Wildberries has said so for an hour."),
        "busy": _("Wildberries was busy with a warehouse; the next sync reads it."),
        "cancelled": _("Cancelled."),
        "over-limit": _(
            "Your plan follows %(limit)s products; the others are kept without numbers.", limit=step.get("limit", "")
        ),
    }
    return sentences.get(str(note), "")


def error_text(code: str, step: str, fallback: str) -> str:
    """For the person who looks at the run."""
    name = step_name(step) if step else ""
    sentences = {
        "token-refused": _("Wildberries refused the token. It was revoked or has expired: issue a new one."),
        "payment-required": _("Wildberries wants our service's balance topped up. You need to do nothing."),
        "scope-missing": _(
            "The token may not read “%(step)s”. Issue one with all the categories we ask for.", step=name
        ),
        "method-gone": _("Wildberries has removed the method that reads “%(step)s”.", step=name),
        "marketplace-trouble": _("Wildberries could not answer “%(step)s”. The next sync tries again.", step=name),
        "question-rejected": _("Wildberries did not understand our question about “%(step)s”.", step=name),
        "shop-busy": _("Wildberries is busy with your shop. The next sync tries again."),
        "forgotten": _("The sync stopped without a word. The next one starts anew."),
        "cancelled": _("Cancelled."),
        "disconnected": _("The shop was disconnected."),
    }
    return sentences.get(code, fallback)
