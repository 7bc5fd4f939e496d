from datetime import timedelta

from pydantic import Field

from verf.settings import Section


class IdentitySettings(Section, env_prefix="VERF_IDENTITY_"):
    """How long a sign-in lives, and how a lost answer is forgiven (contract C1)."""

    access_minutes: int = Field(default=15, ge=1, le=60)
    idle_days: int = Field(default=30, ge=1)
    absolute_days: int = Field(default=90, ge=1)
    reuse_seconds: int = Field(default=10, ge=0, le=60)

    @property
    def access_lifetime(self) -> timedelta:
        return timedelta(minutes=self.access_minutes)

    @property
    def idle_lifetime(self) -> timedelta:
        return timedelta(days=self.idle_days)

    @property
    def absolute_lifetime(self) -> timedelta:
        return timedelta(days=self.absolute_days)

    @property
    def reuse_interval(self) -> timedelta:
        return timedelta(seconds=self.reuse_seconds)
