from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from verf.settings import Section


class LimitsSettings(Section, env_prefix="VERF_LIMITS_"):
    """Where hits are counted and how many are allowed; zero lifts a limit."""

    # One process counts in memory; several count in PostgreSQL, or in Redis.
    store: Literal["memory", "postgresql", "redis"] = "memory"
    # Addresses or networks, comma separated, whose X-Forwarded-For is believed. Nobody's by default.
    trusted_proxies: str = ""
    credentials_per_minute: int = Field(default=5, ge=0)
    reads_per_minute: int = Field(default=100, ge=0)
    generation_per_hour: int = Field(default=20, ge=0)
    redis_url: SecretStr = Field(default=SecretStr(""), validation_alias="VERF_REDIS_URL")

    @model_validator(mode="after")
    def _redis_has_an_address(self) -> Self:
        if self.store == "redis" and not self.redis_url.get_secret_value():
            raise ValueError("VERF_LIMITS_STORE=redis wants VERF_REDIS_URL")
        return self
