"""Hashing and checking passwords, off the event loop, with a queue that says no before it grows."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from secrets import token_urlsafe
from typing import ParamSpec, TypeVar

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from verf.errors import Unavailable
from verf.web import _

# OWASP's second choice: 15 ms and 19 MiB each. argon2-cffi lets go of the GIL, so two threads use two cores.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
THREADS = 2
LONGEST_QUEUE = 64
BCRYPT_BYTES = 72

P = ParamSpec("P")
R = TypeVar("R")

_waiting = 0


class TooBusyToSignIn(Unavailable):
    """More people are signing in than this process can check; trying again helps."""


async def hash_password(password: str) -> str:
    return await _in_pool(HASHER.hash, password)


async def password_matches(password: str, kept: str | None) -> bool:
    """Takes as long for nobody's password (None) as for a wrong one."""
    matches = await _in_pool(_matches, password, kept or _nobody())
    return matches and kept is not None


def needs_rehash(kept: str) -> bool:
    return not kept.startswith("$argon2id$") or HASHER.check_needs_rehash(kept)


def _matches(password: str, kept: str) -> bool:
    if kept.startswith(("$2a$", "$2b$", "$2y$")):
        # Older systems cut at 72 bytes when they wrote these, and bcrypt 5 refuses more. The new hash takes all of it.
        return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], kept.encode())
    try:
        return HASHER.verify(kept, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return HASHER.hash(token_urlsafe())


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")


async def _in_pool(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    global _waiting
    if _waiting >= LONGEST_QUEUE:
        raise TooBusyToSignIn(_("Too many people are signing in right now. Try again in a few seconds."))
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool(), lambda: work(*args, **kwargs))
    finally:
        _waiting -= 1
