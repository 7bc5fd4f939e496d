from pydantic import Field

from verf.settings import Section


class WebSettings(Section, env_prefix="VERF_WEB_"):
    """What pages and the API accept from the outside."""

    # Other sites whose pages may call the API, comma separated: https://app.example.com
    cors_origins: str = ""
    # The largest request body in bytes.
    body_limit: int = Field(default=1_000_000, ge=1_000)

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(origin.strip().rstrip("/") for origin in self.cors_origins.split(",") if origin.strip())
