"""Durations as people type them: +35d, 2h30m, 90s."""

import re
from datetime import timedelta

import typer

UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
WHOLE = re.compile(r"\+?((?:\d+[wdhms])+)")


def duration(text: str) -> timedelta:
    match = WHOLE.fullmatch(text.strip().lower())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration; write for example +35d, +2h30m or +90s.")
    total = timedelta()
    for amount, unit in re.findall(r"(\d+)([wdhms])", match[1]):
        total += timedelta(**{UNITS[unit]: int(amount)})
    if not total:
        raise typer.BadParameter("The clock only moves forward; write more than zero.")
    return total
