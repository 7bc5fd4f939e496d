from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from verf.settings import Section


class LimitsSettings(Section, env_prefix="VERF_LIMITS_"):
    """Where hits are counted and how many are allowed; zero lifts a limit."""

    # One process counts in memory; several count in PostgreSQL, or in Redis (VERF_REDIS_URL).
    store: Literal["memory", "postgresql", "redis"] = "memory"
    # Addresses or networks, comma separated, whose X-Forwarded-For is believed. Nobody's by default.
    trusted_proxies: str = ""
    credentials_per_minute: int = Field(default=5, ge=0)
    reads_per_minute: int = Field(default=100, ge=0)
    generation_per_hour: int = Field(default=20, ge=0)


class RedisSettings(Section):
    model_config = SettingsConfigDict(env_prefix="VERF_REDIS_")

    url: SecretStr = SecretStr("")
