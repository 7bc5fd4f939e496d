"""How a run of a handler can end, and what becomes of its job. Decisions only; `settling` writes them down."""

import random
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from verf.errors import VerfError

FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=15)


@dataclass(frozen=True)
class Done:
    """It worked. `settled`: its transaction has removed the job already."""

    settled: bool = False


@dataclass(frozen=True)
class Retry:
    error: Exception
    after: timedelta


@dataclass(frozen=True)
class Dead:
    error: Exception


@dataclass(frozen=True)
class Later:
    after: timedelta


@dataclass(frozen=True)
class Waits:
    """Another job with its key is running; it has been put back and will be woken."""


Outcome = Done | Retry | Dead | Later | Waits


def judge(error: Exception, failures: int, attempts: int) -> Retry | Dead:
    """What a failure means for a job that has failed `failures` times before."""
    if failures + 1 >= attempts or not may_help(error):
        return Dead(error)
    return Retry(error, backoff(failures))


def may_help(error: Exception) -> bool:
    """Whether trying again may help: not for a payload that cannot be read, nor when the error says so."""
    if isinstance(error, ValidationError):
        return False
    return error.retry if isinstance(error, VerfError) else True


def backoff(failures: int) -> timedelta:
    """Twice as long each time, and never two jobs at the same moment."""
    delay: timedelta = min(FIRST_DELAY * 2 ** min(failures, 20), LONGEST_DELAY)
    return delay * random.uniform(0.5, 1.5)  # noqa: S311 - spread, not secrecy
