"""Which Paddle is spoken to, and as whom."""

import pytest

from verf.billing.providers.paddle import PaddleSettings, connection
from verf.settings import House, load


@pytest.fixture
def set_up(monkeypatch):
    def set_up(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        load.cache_clear()
        return connection()

    yield set_up
    monkeypatch.undo()
    load.cache_clear()


def test_a_sandbox_without_a_key_talks_to_the_simulator(set_up):
    found = set_up(VERF_PORT="8123", VERF_PUBLIC_URL="https://demo.example")
    assert (found.url, found.account, found.is_live) == ("http://127.0.0.1:8123/sandbox/paddle", "sandbox", False)
    assert found.checkout_url == "https://demo.example/sandbox/paddle/checkout"


def test_production_without_a_key_does_without_paddle(set_up):
    assert set_up(VERF_MODE="production") is None


@pytest.mark.parametrize(
    "key, url, is_live",
    [
        ("pdl_live_apikey_1", "https://api.paddle.com", True),
        ("pdl_sdbx_apikey_1", "https://sandbox-api.paddle.com", False),
    ],
)
def test_the_key_says_where_and_how(set_up, key, url, is_live):
    found = set_up(VERF_MODE="production", VERF_PADDLE_API_KEY=key, VERF_PADDLE_WEBHOOK_SECRETS="one, two,")
    assert (found.url, found.is_live, found.secrets, found.account) == (url, is_live, ("one", "two"), "paddle")


def test_everything_can_be_named(set_up):
    found = set_up(
        VERF_PADDLE_API_KEY="pdl_live_apikey_1",
        VERF_PADDLE_URL="https://paddle.example/",
        VERF_PADDLE_ACCOUNT="12345",
        VERF_PADDLE_PRICES='{"stock.pro.month.usd.v1": "pri_1"}',
        VERF_PADDLE_TAX_CATEGORY="saas",
        VERF_PADDLE_CHECKOUT_URL="https://shop.example/pay",
    )
    assert (found.url, found.account, found.tax_category) == ("https://paddle.example", "12345", "saas")
    assert found.prices == {"stock.pro.month.usd.v1": "pri_1"}
    assert found.checkout_url == "https://shop.example/pay"


def test_a_client_token_makes_our_own_page_the_one_that_is_paid_on(set_up):
    found = set_up(
        VERF_PADDLE_API_KEY="pdl_live_apikey_1",
        VERF_PADDLE_CLIENT_TOKEN="live_1",
        VERF_PUBLIC_URL="https://shop.example",
    )
    assert found.checkout_url == "https://shop.example/billing/pay"


def test_no_secret_is_shown(set_up):
    found = set_up(VERF_PADDLE_API_KEY="pdl_live_apikey_1", VERF_PADDLE_WEBHOOK_SECRETS="pdl_ntfset_1")
    assert "pdl_" not in repr(found)
    assert "pdl_live" not in repr(load(PaddleSettings))
    assert load(House)
