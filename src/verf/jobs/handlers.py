"""Who does what: one handler for a job, any number of listeners for a fact.

The signature tells the story. A handler that takes a session runs in one transaction, which also
removes its job: it happens exactly once and never leaves the building. A handler that takes only its
message (and perhaps its Job) may call outside, opens its own transactions around that, and may run
again after a crash, so its calls carry an idempotency key.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from inspect import signature
from typing import Any, Literal, TypeVar, get_type_hints

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs.job import Job

Function = Callable[..., Awaitable[None]]
AnyFunction = TypeVar("AnyFunction", bound=Function)
ATTEMPTS = 10


@dataclass(frozen=True)
class Options:
    attempts: int = ATTEMPTS
    concurrency: int = 0
    system: str | None = None
    formerly: Sequence[str] = ()


@dataclass(frozen=True)
class Handler:
    name: str
    message: type[Any]
    function: Function
    takes: Literal["session", "job", "message"]
    options: Options

    @cached_property
    def codec(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.message)


_handlers: dict[str, Handler] = {}
_by_message: dict[type[Any], list[Handler]] = {}


def handles(
    message: type[Any],
    *,
    attempts: int = ATTEMPTS,
    concurrency: int = 0,
    system: str | None = None,
    formerly: Sequence[str] = (),
) -> Callable[[AnyFunction], AnyFunction]:
    """Run the function for this message. A job message has exactly one handler.

    `attempts`: after so many failures the job is a dead letter. `concurrency`: at most so many at once over all
    workers (0: no limit; a limit makes the queue slower). A handler that takes a session is scoped to the message's
    field `organisation` if there is one; `system="why"` opens the system scope instead. `formerly` lists the names
    "module.function" it had before, so that jobs queued by an older release find it.
    """

    def mark(function: AnyFunction) -> AnyFunction:
        if _by_message.get(message):
            raise RuntimeError(f"{message.__name__} already has a handler: {_by_message[message][0].name}.")
        register(message, function, Options(attempts, concurrency, system, formerly))
        return function

    return mark


def register(message: type[Any], function: Function, options: Options) -> None:
    if not is_dataclass(message):
        raise TypeError(f"{message.__name__} is a message and must be a frozen dataclass.")
    name = f"{function.__module__}.{function.__qualname__}"
    if name in _handlers:
        raise RuntimeError(f"{name} already handles {_handlers[name].message.__name__}.")
    handler = Handler(name, message, function, second_parameter(function), options)
    _by_message.setdefault(message, []).append(handler)
    for each in (name, *options.formerly):
        _handlers[each] = handler


def second_parameter(function: Function) -> Literal["session", "job", "message"]:
    parameters = list(signature(function).parameters)
    if len(parameters) < 2:
        return "message"
    kind = get_type_hints(function).get(parameters[1])
    if kind is AsyncSession:
        return "session"
    if kind is Job:
        return "job"
    raise TypeError(f"{function.__qualname__} takes a message and then an AsyncSession, a Job or nothing.")


def handlers_of(message: type[Any]) -> Sequence[Handler]:
    return _by_message.get(message, ())


def find_handler(name: str) -> Handler | None:
    return _handlers.get(name)


def known_names() -> dict[str, Handler]:
    return dict(_handlers)


@contextmanager
def heard_only_by(*packages: str) -> Iterator[None]:
    """Meanwhile handlers of other packages are not there. For tests of a part of the house, in whatever order they run.

    Handlers join when their module is imported, so without this the answer depends on what a process imported before.
    """
    present = tuple(f"{package}." for package in packages)
    every = [(message, handler) for message, handlers in _by_message.items() for handler in handlers]
    absent = [(message, handler) for message, handler in every if not handler.name.startswith(present)]
    for message, handler in absent:
        _by_message[message].remove(handler)
    try:
        yield
    finally:
        for message, handler in absent:
            _by_message[message].append(handler)
