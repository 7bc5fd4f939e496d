"""What is set, and where it was set. Never a secret."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from verf.manifest import Room
from verf.operations.safe_start import sections_of, variable_of
from verf.settings import House, Section
from verf.telemetry import SentrySettings, TelemetrySettings, mask

Source = Literal["environment", ".env", "default"]


@dataclass(frozen=True)
class SettingLine:
    variable: str
    value: str
    source: Source


def describe_settings(rooms: Sequence[Room]) -> list[SettingLine]:
    """Every setting of the house and its rooms, as the process would read it now."""
    sections: list[type[Section]] = [
        House,
        TelemetrySettings,
        SentrySettings,
        *sections_of(rooms),
    ]
    return [line for section in sections for line in _lines(section)]


def _lines(section: type[Section]) -> Iterator[SettingLine]:
    settings = section()
    environment = EnvSettingsSource(section, env_ignore_empty=True)()
    file = DotEnvSettingsSource(section, env_file=".env", env_ignore_empty=True)()
    for name in section.model_fields:
        variable = variable_of(section, name)
        names = {name, variable, variable.lower()}
        source: Source = "environment" if names & set(environment) else ".env" if names & set(file) else "default"
        yield SettingLine(variable, _shown(variable, getattr(settings, name)), source)


def _shown(variable: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return "set, hidden" if value.get_secret_value() else "not set"
    return str(mask({variable: value})[variable])
