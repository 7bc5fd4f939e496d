"""What a founder sees when the house is open."""

import time

from rich.console import Console

from verf.app import sandbox_staff
from verf.settings import House, load

STARTED = time.monotonic()


async def welcome(terminal: Console) -> None:
    house = load(House)
    rows = [("Site", house.url), ("API reference", f"{house.url}/docs")]
    if house.is_sandbox:
        login = await sandbox_staff()
        rows += [
            ("Sandbox", f"{house.url}/sandbox/   mail inbox, clock, simulators"),
            ("Staff", f"{house.url}/staff/   {login.email} / {login.password}"),
        ]
    terminal.print()
    terminal.print(f"[bold]verf is open[/bold] ({house.mode}), {_age():.1f} s after its start. Ctrl-C stops it.")
    for name, address in rows:
        terminal.print(f"  {name:<15}{address}", soft_wrap=True)
    terminal.print()


def _age() -> float:
    """Seconds since the first module of verf was read."""
    return time.monotonic() - STARTED
