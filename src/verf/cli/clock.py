"""The diary of a stretch of time, as a founder reads it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from verf.app import Chronicle, live_through
from verf.cli.durations import duration
from verf.cli.terminal import run, terminal
from verf.kit import Money

COLOURS = {
    "charge": "green",
    "declined": "red",
    "refund": "yellow",
    "dispute": "red",
    "access": "cyan",
    "subscription": "blue",
    "finding": "magenta",
    "mail": "white",
}


@dataclass(frozen=True)
class Entry:
    at: datetime
    kind: str
    who: str
    text: str


def clock(
    by: Annotated[str, typer.Argument(help="How far, for example +35d or +2h30m")],
    step: Annotated[str, typer.Option(help="Time passes in steps, each lived to its end before the next")] = "6h",
    as_json: Annotated[bool, typer.Option("--json", help="The diary for programs")] = False,
) -> None:
    """Move the time of a running sandbox forward, and tell what happened: mails, charges, access, subscriptions."""
    length, stride = duration(by), duration(step)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal, transient=True, disable=as_json) as progress:
        task = progress.add_task("time passes", total=length / timedelta(seconds=1))

        def on_step(moment: datetime) -> None:
            progress.update(task, advance=stride.total_seconds(), description=f"{moment:%a %d %b %Y %H:%M}")

        lived = run(live_through(length, stride, on_step))
    if as_json:
        typer.echo(json.dumps(as_document(lived), indent=1, ensure_ascii=False))
        return
    tell(lived)


def entries_of(lived: Chronicle) -> list[Entry]:
    nobody = "—"
    entries = [Entry(each.at, "mail", each.to, each.subject) for each in lived.mails]
    for line in lived.lines:
        who = lived.names.get(line.organisation, nobody) if line.organisation else nobody
        entries.append(Entry(line.at, line.kind, who, line.text))
    order = [*COLOURS]
    return sorted(entries, key=lambda each: (each.at.replace(second=0, microsecond=0), order.index(each.kind)))


def tell(lived: Chronicle) -> None:
    entries = entries_of(lived)
    table = Table(box=None, show_header=False, pad_edge=False)
    for _column in range(4):
        table.add_column(overflow="fold")
    day = ""
    for entry in entries:
        if (today := f"{entry.at:%a %d %b %Y}") != day:
            day = today
            table.add_row(f"[bold]{day}[/bold]", "", "", "")
        colour = COLOURS[entry.kind]
        text = entry.text.replace("[", "\\[")
        table.add_row(f"  {entry.at:%H:%M}", f"[{colour}]{entry.kind}[/{colour}]", entry.who, text)
    if entries:
        terminal.print(table)
        terminal.print()
    terminal.print(". ".join(summary(lived)) + ".")
    terminal.print(f"It was {lived.since:%d %b %Y %H:%M}, it is now {lived.until:%d %b %Y %H:%M} UTC.")


def summary(lived: Chronicle) -> Iterator[str]:
    counts = Counter[str](line.kind for line in lived.lines)
    if not counts and not lived.mails:
        yield "Nothing happened"
        return
    for kind, name in (("charge", "charges"), ("declined", "declined"), ("refund", "refunds"), ("dispute", "disputes")):
        if counts[kind]:
            yield f"{counts[kind]} {name}{_sum(lived, kind)}"
    if counts["finding"]:
        yield f"{counts['finding']} differences with providers found"
    yield f"{len(lived.mails)} mails"


def _sum(lived: Chronicle, kind: str) -> str:
    totals: dict[str, Money] = {}
    for line in lived.lines:
        if line.kind == kind and line.money:
            known = totals.get(line.money.currency, Money(0, line.money.currency))
            totals[line.money.currency] = known + line.money
    return f" ({', '.join(f'{each.decimal} {each.currency}' for each in totals.values())})" if totals else ""


def as_document(lived: Chronicle) -> dict[str, object]:
    return {
        "since": lived.since.isoformat(),
        "until": lived.until.isoformat(),
        "entries": [
            {"at": each.at.isoformat(), "kind": each.kind, "who": each.who, "text": each.text}
            for each in entries_of(lived)
        ],
    }
