"""Settings come in sections; each room and product owns one, read once and frozen."""

import os
import secrets
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SHORTEST_SECRET = 32


class Section(BaseSettings):
    """One room's settings: environment variables with the prefix VERF_<ROOM>_, then .env."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True)


SectionType = TypeVar("SectionType", bound=Section)


@cache
def load(section: type[SectionType]) -> SectionType:
    return section()


class House(Section, env_prefix="VERF_"):
    """What every room may ask: which mode we run in, where we are reached, where data lies."""

    # sandbox or production; production never mounts a simulator.
    mode: Literal["sandbox", "production"] = "sandbox"
    # Where to listen; behind a proxy on another machine or in a container: 0.0.0.0
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    # Everything this house keeps on disk; a second house wants another folder and another port.
    data: Path = Path(".verf")
    # What people type, when a proxy stands before us: https://app.example
    public_url: str = ""
    # At least 32 characters; tokens and links are signed with what is derived from it. A sandbox makes its own.
    secret_key: SecretStr = SecretStr("")
    # Names of the products to serve, comma separated; empty for all that are installed.
    products: str = ""

    @property
    def url(self) -> str:
        """The address people use, without a trailing slash."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def is_sandbox(self) -> bool:
        return self.mode == "sandbox"


class SecretMissing(RuntimeError):
    """The house does not start without a secret of its own."""


def secret(purpose: str) -> bytes:
    """32 bytes for one purpose, derived from the secret of the house; the same in every process of this house."""
    return _derive(load(House), purpose)


@cache
def _derive(house: House, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"verf {purpose}".encode()).derive(_house_secret(house))


def _house_secret(house: House) -> bytes:
    given = house.secret_key.get_secret_value()
    if given and len(given) < SHORTEST_SECRET:
        raise SecretMissing(f"VERF_SECRET_KEY must have at least {SHORTEST_SECRET} characters; it has {len(given)}.")
    if given:
        return given.encode()
    if not house.is_sandbox:
        raise SecretMissing('Set VERF_SECRET_KEY: python3 -c "import secrets; print(secrets.token_urlsafe(48))"')
    return kept_secret(house.data / "secrets" / "house")


def kept_secret(path: Path) -> bytes:
    """A random secret in a file only its owner may read, made at the first call; sandbox only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        # Several processes may start at once: the first link wins and nobody ever reads half a file.
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
