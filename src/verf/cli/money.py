"""What an operator does about money from a terminal."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from verf.app import reconcile_payments, recount_house
from verf.billing import Outcome
from verf.cli.terminal import run, terminal
from verf.kit import Money

LOOKS_BACK = timedelta(days=7)

billing = typer.Typer(no_args_is_help=True, help="Money: what providers say against what we hold.")


@billing.callback()
def describe() -> None:
    """Money: what providers say against what we hold."""


@billing.command("reconcile")
def reconcile(
    provider: Annotated[str, typer.Argument(help="One provider; all that are set up without it")] = "",
    since: Annotated[datetime | None, typer.Option(help="From this day on (UTC); a week ago without it")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, and change nothing")] = False,
) -> None:
    """Compare a provider's payments with ours, both ways; repair what is safe, leave the rest to a person."""
    start = since.replace(tzinfo=UTC) if since else None
    found = run(reconcile_payments(provider, start, LOOKS_BACK, is_dry=dry_run))
    if not found:
        terminal.print("No difference: what the providers have is what we have.")
        return
    terminal.print(table_of(found, title="What was found" if dry_run else "What was found and done"))
    if dry_run:
        terminal.print("Nothing was changed. Without --dry-run what is safe is repaired, the rest becomes findings.")


@billing.command("recount")
def recount() -> None:
    """Count the numbers of the business anew, from the log and the ledger, and say what had been kept otherwise."""
    found = run(recount_house())
    for line in found:
        terminal.print(line, soft_wrap=True, markup=False)
    terminal.print(f"{len(found)} numbers were wrong, and are right now." if found else "Nothing differed.")


def table_of(found: list[Outcome], *, title: str) -> Table:
    table = Table(
        "provider", "what", "which", "ours", "theirs", "state", "what to do", title=title, title_justify="left"
    )
    for each in found:
        difference = each.difference
        proposal = "" if each.state == "repaired" else difference.proposal
        row = (told(difference.ours), told(difference.theirs), each.state, proposal)
        table.add_row(each.provider, difference.kind.replace("_", " "), difference.subject, *row)
    return table


def told(side: object) -> str:
    """`paid 29.90 USD, 9.90 back`; a dash when this side knows nothing."""
    if not isinstance(side, dict) or not side:
        return "—"
    sums = [str(side.get("state", ""))]
    if "amount" in side:
        sums.append(f"{Money(side['amount'], side['currency']).decimal} {side['currency']}")
    words = " ".join(filter(None, sums))
    if side.get("refunded"):
        words += f", {Money(side['refunded'], side['currency']).decimal} back"
    if side.get("disputes"):
        words += f", disputed: {', '.join(side['disputes'].values())}"
    return words
