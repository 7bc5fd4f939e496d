from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from verf.settings import House, Section

LIVE_HOST = "api.wata.pro"


class WataSettings(Section, env_prefix="VERF_WATA_"):
    """Our terminal at Wata. Without token and terminal a sandbox asks its own simulator, production leaves it off."""

    # Issued in the cabinet for one terminal and for 1 to 12 months; the house warns two weeks before it ends.
    token: SecretStr = SecretStr("")
    # Public id of that terminal: webhooks of another are not ours.
    terminal: str = ""
    url: str = "https://api.wata.pro/api/h2h"
    # What the terminal takes.
    currencies: str = "RUB,USD,EUR"
    # Wata answers within a minute.
    timeout_seconds: float = Field(default=30, gt=0)

    @property
    def is_live(self) -> bool:
        return urlsplit(self.url).hostname == LIVE_HOST

    def in_house(self, house: House) -> "WataSettings | None":
        """These, or those of the house's own simulator, or None: this provider is off."""
        if self.terminal and self.token.get_secret_value():
            return self
        if not house.is_sandbox:
            return None
        simulated = {
            "token": SecretStr("sandbox"),
            "terminal": "3a16a4dd-8c83-fa4d-897a-3b334ed0ebed",
            "url": f"{house.url}/sandbox/wata/api/h2h",
        }
        return self.model_copy(update=simulated)
