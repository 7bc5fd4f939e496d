from pydantic import Field, SecretStr

from verf.settings import Section


class DatabaseSettings(Section, env_prefix="VERF_DATABASE_"):
    """Where PostgreSQL is. Without `url` the house runs its own server in the data folder."""

    url: SecretStr = SecretStr("")
    # Who owns the tables and migrates; the same as `url` when empty.
    owner_url: SecretStr = SecretStr("")
    # Where hot reads go; the same as `url` when empty.
    replica_url: SecretStr = SecretStr("")
    pool_size: int = Field(default=10, ge=1, le=500)
    pool_overflow: int = Field(default=10, ge=0, le=500)
    pool_timeout: float = Field(default=10, gt=0)
