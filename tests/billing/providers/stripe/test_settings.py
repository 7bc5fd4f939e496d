"""As whom we speak to Stripe: its account, the simulator of the house, or nobody."""

import pytest

from verf.billing.providers.events import Forged
from verf.billing.providers.stripe import StripeProvider, StripeSettings, configured
from verf.settings import House, load


@pytest.fixture(autouse=True)
def read_anew():
    load.cache_clear()
    yield
    load.cache_clear()


def test_a_sandbox_without_a_key_speaks_to_its_own_simulator(monkeypatch):
    monkeypatch.setenv("VERF_PORT", "8231")
    found = configured()
    assert (found.account, found.is_live) == ("acct_sandbox", False)
    assert found.client._requestor._options.base_addresses["api"] == "http://127.0.0.1:8231/sandbox/stripe"


def test_production_without_a_key_does_without_stripe(monkeypatch):
    monkeypatch.setenv("VERF_MODE", "production")
    assert not load(House).is_sandbox
    assert configured() is None


def test_with_a_key_it_is_stripe_itself(monkeypatch):
    monkeypatch.setenv("VERF_STRIPE_SECRET_KEY", "sk_live_1")
    monkeypatch.setenv("VERF_STRIPE_WEBHOOK_SECRETS", "whsec_old, whsec_new,")
    monkeypatch.setenv("VERF_STRIPE_ACCOUNT", "acct_1")
    monkeypatch.setenv("VERF_STRIPE_PRICES", '{"stock.pro.month.usd.v1": "price_1"}')
    found = configured()
    assert (found.account, found.is_live, found.webhook_secrets) == ("acct_1", True, ["whsec_old", "whsec_new"])
    assert found.price_refs == {"stock.pro.month.usd.v1": "price_1"}
    assert found.client._requestor._options.base_addresses["api"] == "https://api.stripe.com"
    assert "sk_live_1" not in repr(load(StripeSettings))


async def test_without_a_webhook_secret_nothing_is_authentic():
    provider = StripeProvider(secret_key="sk_test_1", webhook_secrets=[""], account="acct")
    with pytest.raises(Forged):
        await provider.verify({}, b"{}", sender="127.0.0.1")
