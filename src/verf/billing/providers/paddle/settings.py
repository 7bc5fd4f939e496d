"""Where Paddle is, as whom we speak to it, and with which secrets it signs."""

from dataclasses import dataclass, field

from pydantic import Field, SecretStr

from verf.settings import House, Section, load

LIVE_URL = "https://api.paddle.com"
TEST_URL = "https://sandbox-api.paddle.com"
LIVE_KEY = "pdl_live_"
OUR_PAGE = "/billing/pay"
SANDBOX_KEY = "pdl_sdbx_apikey_sandbox"
SANDBOX_SECRET = "pdl_ntfset_sandbox"  # noqa: S105 - the literal of the house's own simulator


class PaddleSettings(Section, env_prefix="VERF_PADDLE_"):
    """Without a key: the sandbox talks to the house's own simulator, and production does without Paddle."""

    api_key: SecretStr = SecretStr("")
    # Of the notification destination, comma separated; two while the old one is being replaced.
    webhook_secrets: SecretStr = SecretStr("")
    # The seller's id. Written beside every row, so that two accounts never mix.
    account: str = ""
    # Decided by the key when empty.
    url: str = ""
    # Of Paddle.js (Developer tools → Authentication → Client-side tokens): public, it stands in the page /billing/pay.
    client_token: str = ""
    # The page with Paddle.js that opens `?_ptxn=`. When empty: ours, if there is a client token; else the account's
    # default payment link.
    checkout_url: str = ""
    # {"stock.pro.month.usd.v1": "pri_…"} for prices made by hand at Paddle; the others are published.
    prices: dict[str, str] = Field(default_factory=dict)
    tax_category: str = "standard"


@dataclass(frozen=True, kw_only=True)
class Connection:
    api_key: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    account: str
    url: str
    checkout_url: str = ""
    client_token: str = ""
    is_simulated: bool = False
    prices: dict[str, str] = field(default_factory=dict)
    tax_category: str = "standard"

    @property
    def is_live(self) -> bool:
        return self.api_key.startswith(LIVE_KEY)


def connection() -> Connection | None:
    """As set; the simulator in a sandbox without a key; None in production without one."""
    settings, house = load(PaddleSettings), load(House)
    key = settings.api_key.get_secret_value()
    secrets = _several(settings.webhook_secrets.get_secret_value())
    if key:
        return Connection(
            api_key=key,
            secrets=secrets,
            account=settings.account or "paddle",
            url=(settings.url or (LIVE_URL if key.startswith(LIVE_KEY) else TEST_URL)).rstrip("/"),
            checkout_url=settings.checkout_url or (f"{house.url}{OUR_PAGE}" if settings.client_token else ""),
            client_token=settings.client_token,
            prices=settings.prices,
            tax_category=settings.tax_category,
        )
    return simulated(house) if house.is_sandbox else None


def simulated(house: House) -> Connection:
    """We reach it on this machine, people by the address they know us by."""
    return Connection(
        api_key=SANDBOX_KEY,
        secrets=(SANDBOX_SECRET,),
        account="sandbox",
        url=f"http://127.0.0.1:{house.port}/sandbox/paddle",
        checkout_url=f"{house.url}/sandbox/paddle/checkout",
        is_simulated=True,
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
