"""How commands end: at the end, or with a sentence and exit code 1."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn

import typer
import uvloop
from rich.console import Console

from verf.errors import VerfError
from verf.settings import SecretMissing

terminal = Console(highlight=False)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; what the house refuses is a sentence on the terminal and exit code 1."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except* (VerfError, SecretMissing, LookupError) as errors:
        fail("\n".join(str(error) for error in flatten(errors)))
    except* KeyboardInterrupt:
        fail("Stopped.")


def flatten(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (flatten(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def fail(sentence: str) -> NoReturn:
    typer.secho(sentence, err=True, fg="red")
    raise typer.Exit(1)
