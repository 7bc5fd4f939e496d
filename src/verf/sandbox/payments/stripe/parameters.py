"""Form bodies with brackets, as Stripe takes them: items[0][price]=price_1&metadata[a]=b&expand[]=data.invoice."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from verf.sandbox.payments.stripe.refusals import Refusal, invalid, lacks

_PARTS = re.compile(r"\[([^\[\]]*)\]")


def read(raw: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        head, _, rest = name.partition("[")
        keys = [head, *_PARTS.findall("[" + rest)] if rest else [head]
        _put(tree, keys, value)
    return {name: _lists(value) for name, value in tree.items()}


def _put(tree: dict[str, Any], keys: Sequence[str], value: str) -> None:
    for at, key in enumerate(keys[:-1]):
        following = tree.setdefault(key or str(len(tree)), {})
        if not isinstance(following, dict):
            raise invalid(keys[0], f"Invalid {keys[0]}: both a value and an object at {'.'.join(keys[: at + 1])}")
        tree = following
    tree[keys[-1] or str(len(tree))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(each) for _key, each in sorted(value.items(), key=lambda pair: int(pair[0]))]
    return {key: _lists(each) for key, each in value.items()}


class Parameters:
    """What came with a request. Asking for something of the wrong shape refuses, and so does what nobody asked for."""

    def __init__(self, given: Mapping[str, Any], path: str = "") -> None:
        self.given = given
        self.path = path
        self.known = {"expand"}

    def __contains__(self, name: str) -> bool:
        self.known.add(name)
        return name in self.given

    def text(self, name: str, default: str = "") -> str:
        value = self._get(name, default)
        if not isinstance(value, str):
            raise invalid(self._full(name), f"Invalid string: {value!r}")
        return value

    def need(self, name: str) -> str:
        if not (value := self.text(name)):
            raise lacks(self._full(name))
        return value

    def number(self, name: str, default: int | None = None) -> int | None:
        value = self._get(name, "")
        if value == "":
            return default
        if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value):
            raise invalid(self._full(name), f"Invalid integer: {value}", "parameter_invalid_integer")
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._get(name, "")
        if value not in ("", "true", "false"):
            raise invalid(self._full(name), f"Invalid boolean: {value}")
        return default if value == "" else value == "true"

    def choice(self, name: str, choices: Sequence[str], default: str = "") -> str:
        value = self.text(name, default)
        if value and value not in choices:
            raise invalid(self._full(name), f"Invalid {self._full(name)}: must be one of {', '.join(choices)}")
        return value

    def inner(self, name: str) -> "Parameters":
        value = self._get(name, {})
        if not isinstance(value, dict):
            raise invalid(self._full(name), "Invalid object")
        return Parameters(value, self._full(name))

    def rows(self, name: str) -> list["Parameters"]:
        value = self._get(name, [])
        if value == "":
            return []
        if not isinstance(value, list) or any(not isinstance(each, dict) for each in value):
            raise invalid(self._full(name), "Invalid array")
        return [Parameters(each, f"{self._full(name)}[{at}]") for at, each in enumerate(value)]

    def words(self, name: str) -> list[str]:
        value = self._get(name, [])
        if not isinstance(value, list) or any(not isinstance(each, str) for each in value):
            raise invalid(self._full(name), "Invalid array")
        return value

    def metadata(self, before: Mapping[str, str] | None = None, name: str = "metadata") -> dict[str, str]:
        """What was there stays; an empty value takes a key away."""
        value = self._get(name, {})
        if value == "":
            return {}
        if not isinstance(value, dict) or any(not isinstance(each, str) for each in value.values()):
            raise invalid(self._full(name), "Invalid object")
        merged = {**(before or {}), **value}
        if len(merged) > 50 or any(len(key) > 40 or len(each) > 500 for key, each in merged.items()):
            raise invalid(self._full(name), "Metadata has at most 50 keys of 40 characters with values of 500.")
        return {key: each for key, each in merged.items() if each}

    def done(self, *more: "Parameters") -> None:
        """Everything was asked for: whatever else came is not known here."""
        for each in (self, *more):
            unknown = sorted(set(each.given) - each.known)
            if unknown:
                names = ", ".join(each._full(name) for name in unknown)  # noqa: SLF001 - of this very class
                raise Refusal(
                    f"Received unknown parameter{'s' if len(unknown) > 1 else ''}: {names}",
                    code="parameter_unknown",
                    param=each._full(unknown[0]),  # noqa: SLF001
                )

    def _get(self, name: str, default: Any) -> Any:
        self.known.add(name)
        return self.given.get(name, default)

    def _full(self, name: str) -> str:
        return f"{self.path}[{name}]" if self.path else name
