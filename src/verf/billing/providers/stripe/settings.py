from pydantic import Field, SecretStr

from verf.settings import Section

PINNED_VERSION = "2026-10-28.endive"


class StripeSettings(Section, env_prefix="VERF_STRIPE_"):
    """Without a secret key: off in production, the simulator of the house in the sandbox."""

    # sk_live_… or rk_live_… takes real money; sk_test_… does not.
    secret_key: SecretStr = SecretStr("")
    # whsec_…, comma separated: two while one is being replaced.
    webhook_secrets: SecretStr = SecretStr("")
    # acct_… of the account the key belongs to; part of the name of every event.
    account: str = ""
    # The version of the webhook endpoint; events of another one are kept and looked at by people.
    api_version: str = PINNED_VERSION
    # Where Stripe answers; empty for Stripe itself.
    url: str = ""
    # Seconds until a call is given up.
    timeout: float = Field(default=30, gt=0)
    # Our price keys -> ids of prices that exist at Stripe already: {"stock.pro.month.usd.v1": "price_…"}
    prices: dict[str, str] = Field(default_factory=dict)
