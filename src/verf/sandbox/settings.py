from pydantic import Field

from verf.settings import Section


class SandboxSettings(Section, env_prefix="VERF_SANDBOX_"):
    """Zero means: the house's own port plus 25 when it is free, else any free port."""

    smtp_port: int = Field(default=0, ge=0, le=65535)
