"""Each command is thin: it reads words, calls the house, and says in plain sentences what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from verf.app import all_rooms, explain_access, give_staff_role, migrate_house, run_all, run_web, run_worker
from verf.cli.blueprints import write_product
from verf.cli.chaos.commands import chaos
from verf.cli.clock import clock
from verf.cli.money import billing
from verf.cli.terminal import fail, run, terminal
from verf.cli.welcome import welcome
from verf.errors import VerfError
from verf.identity import StaffRole
from verf.operations import describe_settings

main = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
staff = typer.Typer(no_args_is_help=True, help="People who look after the house.")
main.add_typer(staff, name="staff")
main.add_typer(billing, name="billing")
main.add_typer(chaos, name="chaos")
main.command()(clock)


@main.callback()
def describe() -> None:
    """verf: launch a paid product with sign-in, jobs, mail, live pages and a sandbox of the outside world."""


@main.command()
def up() -> None:
    """Start everything in one process: site, worker, schedules and, in sandbox mode, the outside world."""
    run(run_all(lambda: welcome(terminal)))


@main.command()
def serve() -> None:
    """Answer requests only; jobs are done by `verf work`."""
    run(run_web(lambda: welcome(terminal)))


@main.command()
def work() -> None:
    """Do jobs only. Start as many as you like."""
    run(run_worker())


@main.command()
def migrate() -> None:
    """Bring the database to the newest shape. Safe to run on every machine at once."""
    applied = run(migrate_house())
    terminal.print("\n".join(["Applied:", *applied]) if applied else "The database is at head already.")


@main.command()
def check() -> None:
    """Say where each setting comes from. Secrets are never shown."""
    for line in describe_settings(all_rooms()):
        terminal.print(f"{line.variable:<44} {line.value:<40} {line.source}", soft_wrap=True, markup=False)


@main.command()
def why(
    person: Annotated[str, typer.Argument(help="Their e-mail address")],
    feature: Annotated[str, typer.Argument(help="For example calls, or stock:calls where several products have it")],
) -> None:
    """Say whether somebody may use a feature now, and everything that decided it."""
    for line in run(explain_access(person, feature)):
        terminal.print(line, soft_wrap=True, markup=False)


@main.command()
def new(
    product: Annotated[str, typer.Argument(help="A short lower-case name, for example notes")],
    folder: Annotated[Path, typer.Option(help="Where products live")] = Path("products"),
) -> None:
    """Write a working product: a table, pages, an API, a scheduled job and tests that pass."""
    try:
        made = write_product(product, folder)
    except VerfError as error:
        fail(str(error))
    terminal.print(f"{made} is written. Next:")
    terminal.print(f"  python3 run.py                    installs and starts it\n  python3 run.py test -- {made}")


@staff.command("add")
def add(
    email: str,
    role: Annotated[StaffRole, typer.Option(help="What they may do")] = "admin",
) -> None:
    """Give a person who has signed up a place in the staff console."""
    terminal.print(run(give_staff_role(email, role)))
