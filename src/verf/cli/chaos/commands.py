"""`verf chaos …`: trouble on purpose, in a sandbox of its own."""

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from verf.cli.chaos.children import Stopped, carry_out
from verf.cli.chaos.comparing import differences
from verf.cli.chaos.houses import ground, open_laboratory
from verf.cli.chaos.lives import Life, lives_for
from verf.cli.chaos.playing import play
from verf.cli.chaos.weathers import WEATHERS, Weather
from verf.cli.terminal import fail, run, terminal

PROVIDERS = ("stripe", "paddle", "yookassa", "wata")
SEED = "7"
# What happens in one step happens in no order of its own: mails of a debt and a payment of it are days apart.
STEP = timedelta(days=1)
Faces = dict[str, dict[str, list[dict[str, object]]]]

chaos = typer.Typer(no_args_is_help=True, help="Trouble on purpose, in a sandbox of its own.")


@chaos.callback()
def describe() -> None:
    """Trouble on purpose, in a sandbox of its own."""


@chaos.command("billing")
def billing(
    seed: Annotated[str, typer.Option(help="The same seed is the same trouble")] = SEED,
    at_random: Annotated[bool, typer.Option("--random", help="Another seed each time")] = False,
    lives: Annotated[int, typer.Option(help="So many lives, chosen by the seed; 0 for all")] = 0,
    weather: Annotated[str, typer.Option(help="Only this kind of trouble, by name")] = "",
) -> None:
    """Play lives cleanly and in every kind of trouble: money, access, mails and ledger must be the same."""
    sown = str(random.SystemRandom().randrange(10**9)) if at_random else seed
    skies = [each for each in WEATHERS if weather in ("", each.name)]
    if not skies:
        fail(f"There is no weather {weather!r}. There are: {', '.join(each.name for each in WEATHERS)}.")
    terminal.print(f"Seed {sown}. {len(chosen(sown, lives))} lives, first in fair weather.")
    try:
        clean = lived(lives, None, sown)
        wrong = Counter({each.name: compared(clean, lived(lives, each, sown)) for each in skies})
    except Stopped:
        fail("Stopped; its house has stopped, too, and nothing of it is left.")
    if wrong.total():
        fail(f"{wrong.total()} differences. Again with: verf chaos billing --seed {sown}")
    terminal.print("Money, access, mails and ledger were the same in every weather.")


def lived(count: int, weather: Weather | None, seed: str) -> Faces:
    """In a process of its own, since settings are read once."""
    began = time.monotonic()
    with ground() as settings:
        told = Path(settings["VERF_DATA"]).parent / "faces.json"
        name = weather.name if weather else ""
        words = ["--seed", seed, "--lives", str(count), "--weather", name, "--to", str(told)]
        if carry_out(["chaos", "play", *words], settings=settings):
            fail(f"The lives in {name or 'fair'} weather were not lived to their end. Seed {seed}.")
        document = json.loads(told.read_text())
    killed = f", {document['deaths']} workers killed" if document["deaths"] else ""
    terminal.print(f"{name or 'fair'}: played in {time.monotonic() - began:.0f} s{killed}")
    faces: Faces = document["faces"]
    return faces


@chaos.command("play", hidden=True)
def play_once(
    seed: Annotated[str, typer.Option()],
    to: Annotated[Path, typer.Option()],
    lives: Annotated[int, typer.Option()] = 0,
    weather: Annotated[str, typer.Option()] = "",
) -> None:
    """One run of `verf chaos billing`, in the house that the environment names."""
    sky = next((each for each in WEATHERS if each.name == weather), None)
    cast = chosen(seed, lives)

    async def live() -> dict[str, object]:
        async with open_laboratory(seed) as house:
            faces = await play(house, cast, sky, seed=seed, step=STEP)
            return {"faces": faces, "deaths": house.deaths}

    with suppress(asyncio.CancelledError):
        to.write_text(json.dumps(run(live())))
        return
    raise typer.Exit(1)


def chosen(seed: str, count: int) -> list[tuple[Life, str]]:
    cast = lives_for(PROVIDERS)
    random.Random(seed).shuffle(cast)  # noqa: S311 - no secret
    return cast[:count] if count else cast


def compared(clean: Faces, troubled: Faces) -> int:
    """How many differences there are; each is told."""
    found = {who: differences(face, troubled[who]) for who, face in clean.items()}
    for who, lines in found.items():
        for line in lines:
            terminal.print(f"  [red]{who}[/red]: {line}")
    return sum(map(len, found.values()))
