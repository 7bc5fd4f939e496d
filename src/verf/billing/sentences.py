"""Decisions in words that people read: why, and what to do."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from verf.billing.decisions import Decision, Reason, ReasonCode
from verf.billing.words import plan_name, source_name
from verf.web import _, format_date, format_datetime, format_number, lazy, ngettext


def sentence_of(reason: Reason) -> str:
    """One sentence, in the reader's language."""
    if reason.code in _ALWAYS:
        return str(_ALWAYS[reason.code])
    return _WORDS[reason.code](reason.data)


def what_to_do(decision: Decision) -> str:
    """The next step, when there is one: pay, wait, or take a larger plan."""
    codes = {reason.code for reason in decision.reasons}
    if ReasonCode.ACCESS_HOLD in codes:
        return _("Please write to us.")
    if codes & {ReasonCode.PAST_DUE, ReasonCode.SUSPENDED}:
        return _("Pay what is open, and it opens at once.")
    steps = []
    if decision.upgrade:
        steps.append(_("The plan %(plan)s allows it.", plan=decision.upgrade.title))
    if decision.resets_at:
        steps.append(_("It begins anew on %(moment)s.", moment=format_datetime(decision.resets_at, "short")))
    return " ".join(steps)


def _granted(data: Any) -> str:
    until = data.get("until")
    name = plan_name(data.get("plan", "")) or source_name(data["source"])
    if until:
        return _("%(plan)s is open until %(day)s.", plan=name, day=format_date(until))
    return _("%(plan)s is open.", plan=name)


def _expired(data: Any) -> str:
    if data.get("source") == "trial":
        return _("The trial ended on %(day)s.", day=_day(data["ended_at"]))
    return _("Access ended on %(day)s.", day=_day(data["ended_at"]))


def _limit_reached(data: Any) -> str:
    limit = data["limit"]
    return ngettext(
        "Your plan allows %(amount)s, and it is used.",
        "Your plan allows %(amount)s, and they are used.",
        limit,
        amount=format_number(limit),
    )


def _overridden(data: Any) -> str:
    return _("We decided so: %(why)s.", why=data["because"])


def _day(moment: datetime) -> str:
    return format_date(moment)


_WORDS: dict[ReasonCode, Callable[[Any], str]] = {
    ReasonCode.GRANTED: _granted,
    ReasonCode.IN_GRACE: lambda data: _(
        "The paid period ended on %(day)s; access goes on until %(until)s while the payment is tried again.",
        day=_day(data["ended_at"]),
        until=_day(data["until"]),
    ),
    ReasonCode.OVERRIDDEN: _overridden,
    ReasonCode.WITHIN_LIMIT: lambda data: _(
        "%(used)s of %(limit)s are used.", used=format_number(data["used"]), limit=format_number(data["limit"])
    ),
    ReasonCode.OVER_SOFT_LIMIT: lambda data: _(
        "%(used)s are used, more than the %(limit)s of your plan; nothing is stopped.",
        used=format_number(data["used"]),
        limit=format_number(data["limit"]),
    ),
    ReasonCode.LIMIT_REACHED: _limit_reached,
    ReasonCode.EXPIRED: _expired,
    ReasonCode.REVOKED: lambda data: _("Access was taken back on %(day)s.", day=_day(data["revoked_at"])),
    ReasonCode.NOT_STARTED: lambda data: _("Access begins on %(day)s.", day=_day(data["starts_at"])),
}

_ALWAYS = {
    ReasonCode.ACCESS_HOLD: lazy("Access is on hold while a payment is disputed."),
    ReasonCode.NOT_IN_PLAN: lazy("Your plan does not include this."),
    ReasonCode.NO_GRANT: lazy("Your organisation has no plan yet."),
    ReasonCode.PAST_DUE: lazy("The last payment did not go through."),
    ReasonCode.SUSPENDED: lazy("The subscription is suspended until it is paid."),
    ReasonCode.UNKNOWN_FEATURE: lazy("No plan has this."),
}
