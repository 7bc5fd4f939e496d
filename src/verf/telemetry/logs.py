"""Structured logs: one JSON object a line, or coloured lines when a person is watching."""

import json
import logging
import sys
from collections.abc import MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Literal

import orjson
import structlog

from verf.settings import Section
from verf.telemetry.masking import mask

QUIET = {"uvicorn.access": logging.CRITICAL, "httpx": logging.WARNING, "httpcore": logging.WARNING}
FILE_BYTES = 20_000_000
FILES_KEPT = 5
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160), 0x2028, 0x2029)}
_CONTROL.update({ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"})

Event = MutableMapping[str, Any]
_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)


class TelemetrySettings(Section, env_prefix="VERF_TELEMETRY_"):
    """How loud the logs are, how they look, and whether they are also kept in a file that rotates."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    style: Literal["auto", "json", "console"] = "auto"
    file: Path | None = None


def log(name: str) -> Any:
    """A structured logger: log(__name__).info("webhook stored", provider="stripe")."""
    return structlog.stdlib.get_logger(name)


def bind(**facts: Any) -> None:
    """Facts that every later line of this request or job carries: bind(organisation=…, person=…)."""
    structlog.contextvars.bind_contextvars(**{name: str(fact) for name, fact in facts.items()})


def configure_logging(settings: TelemetrySettings) -> None:
    """Route every logger of the process through one chain that masks secrets. Calling it again replaces the last."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _stamp,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    foreign = [structlog.stdlib.ExtraAdder(), *shared]
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(handler)
            handler.close()
    for handler in _handlers(settings, foreign):
        root.addHandler(handler)
    root.setLevel(settings.level.upper())
    _route_others()


def write_line(name: str, level: int, event: str, **facts: Any) -> None:
    """The same line as log(name) would write, by the shortest way: for what every request writes."""
    logger = logging.getLogger(name)
    if not logger.isEnabledFor(level):
        return
    line: Event = {
        **facts,
        "event": event,
        **structlog.contextvars.get_contextvars(),
        "level": logging.getLevelName(level).lower(),
        "logger": name,
    }
    known = {"name": name, "levelno": level, "levelname": logging.getLevelName(level)}
    # By the last two the formatter sees that the line has been through the processors.
    passed = {"msg": mask_event(logger, "", _stamp(logger, "", line)), "_logger": logger, "_name": line["level"]}
    logger.handle(logging.makeLogRecord(known | passed))


def mask_event(logger: Any, method: str, event: Event) -> Event:
    """The last word before rendering: hides secrets, and control characters that could forge a line."""
    # Tracebacks keep their line breaks: JSON escapes them, and on a console a developer reads them.
    private = {key: event.pop(key) for key in ("_record", "_from_structlog") if key in event}
    masked = mask(event)
    for key, value in masked.items():
        if isinstance(value, str) and not value.isprintable() and key not in ("exception", "stack"):
            masked[key] = value.translate(_CONTROL)
    return {**masked, **private}


def _handlers(settings: TelemetrySettings, foreign: list[Any]) -> list[logging.Handler]:
    console = settings.style == "console" or (settings.style == "auto" and sys.stdout.isatty())
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(_formatter(foreign, console=console))
    if settings.file is None:
        return [stream]
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    file = RotatingFileHandler(settings.file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True)
    file.setFormatter(_formatter(foreign, console=False))
    return [stream, file]


def _formatter(foreign: list[Any], *, console: bool) -> logging.Formatter:
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(serializer=_to_json)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=[remove, renderer])


def _to_json(event: Event, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:
        # Half a character, or a number beyond 64 bits.
        return json.dumps(event, default=str)


def _route_others() -> None:
    """Libraries that bring their own handlers would print around the mask."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in ("uvicorn", "fastapi", "sqlalchemy", "pgqueuer", "alembic"):
            library = logging.getLogger(name)
            library.handlers.clear()
            library.propagate = True
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
