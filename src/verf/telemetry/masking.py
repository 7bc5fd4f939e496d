"""Secrets and addresses never reach a log, whatever key or text they hide in."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"
LONGEST_TEXT = 8192
DEEPEST = 8

_WORDS = (
    "password|passwd|passphrase|secret|token|authorization|cookie|api[_-]?key|apikey|private[_-]?key|secret[_-]?key"
    "|credential|csrf|signature|dsn"
)
_SECRET_KEY = re.compile(_WORDS, re.IGNORECASE)

# Every repetition is bounded or starts at a boundary, so that a long hostile text costs linear time.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(bearer|basic)\s{1,3}[\w.~+/=-]+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*){0,4}"), HIDDEN),
    (re.compile(r"gAAAAA[\w-]{16,}={0,2}"), HIDDEN),
    (re.compile(r"\b(?:sk|rk|pk|whsec|pdl|xox[abp])[_-]\w{10,}"), HIDDEN),
    (re.compile(r"(?<![\w-])\d{6,12}:[\w-]{30,64}"), HIDDEN),
    (re.compile(r"://[^\s/@:]{0,128}:[^\s/@]{1,256}@"), f"://{HIDDEN}@"),
    (
        re.compile(
            rf"((?:{_WORDS})[\w-]{{0,40}}[\"']?\s{{0,3}}[=:]\s{{0,3}})(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,;}}]+)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?=[\w-]{1,63}\.\w)"), "…@"),
)
# What every pattern needs one of: most texts have none, and pass after one look.
_SUSPICIOUS = re.compile(r"[@:=]|eyJ|gAAAAA|bearer|basic|\b(?:sk|rk|pk|whsec|pdl|xox[abp])[_-]", re.IGNORECASE)


def mask_text(text: str) -> str:
    """The same text with tokens, passwords and the names in e-mail addresses hidden; cut when very long."""
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"
    if not _SUSPICIOUS.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def mask(value: Any, *, depth: int = 0) -> Any:
    """A copy fit for a log: plain JSON types, values of secret-looking keys hidden, every text masked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if not isinstance(value, str) and isinstance(value, Mapping | Sequence | AbstractSet):
        return _mask_members(value, depth + 1) if depth < DEEPEST else "…"
    return mask_text(str(value))


def _mask_members(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {_mask_key(str(key)): _mask_entry(key, entry, depth) for key, entry in value.items()}
    return [mask(entry, depth=depth) for entry in value]


def _mask_entry(key: Any, value: Any, depth: int) -> Any:
    if value is not None and not isinstance(value, bool) and _is_secret(str(key)):
        return HIDDEN
    return mask(value, depth=depth)


# Every line of the log has the same few keys.
_mask_key = lru_cache(maxsize=512)(mask_text)


@lru_cache(maxsize=512)
def _is_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(key))
