"""Settings come in sections; each room and product owns one, read once and frozen."""

from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Section(BaseSettings):
    """One room's settings: environment variables with the prefix VERF_<ROOM>_, then .env."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True)


SectionType = TypeVar("SectionType", bound=Section)


@cache
def load(section: type[SectionType]) -> SectionType:
    return section()


class House(Section, env_prefix="VERF_"):
    """What every room may ask: which mode we run in, where we are reached, where data lies."""

    mode: Literal["sandbox", "production"] = "sandbox"
    port: int = Field(default=8000, ge=0, le=65535)
    data: Path = Path(".verf")
    public_url: str = ""
    secret_key: SecretStr = SecretStr("")
    products: str = ""

    @property
    def url(self) -> str:
        """The address people use, without a trailing slash."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def is_sandbox(self) -> bool:
        return self.mode == "sandbox"
