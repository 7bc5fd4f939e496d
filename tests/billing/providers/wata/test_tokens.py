"""A token that ends without a word is noticed two weeks before."""

from datetime import timedelta

import jwt
import pytest
from pydantic import SecretStr

from verf.billing.providers.wata import Wata, WataSettings, wata_token_lasts
from verf.billing.providers.wata.tokens import WataTokenEnds, ends_at
from verf.kit import now
from verf.settings import load


@pytest.fixture
def token(monkeypatch):
    def given(value):
        monkeypatch.setenv("VERF_WATA_TOKEN", value)
        monkeypatch.setenv("VERF_WATA_TERMINAL", "t")
        load.cache_clear()

    yield given
    monkeypatch.undo()
    load.cache_clear()


def lasting(days):
    return jwt.encode({"exp": now() + timedelta(days=days)}, "k" * 32)


def test_the_end_is_read_from_the_token_itself():
    assert abs(ends_at(lasting(30)) - now() - timedelta(days=30)) < timedelta(minutes=1)
    assert ends_at("sandbox") is None
    assert ends_at(jwt.encode({"sub": "x"}, "k" * 32)) is None


async def test_a_token_with_a_month_left_is_fine(token):
    token(lasting(31))
    await wata_token_lasts()


@pytest.mark.parametrize("days", [13, 0, -5])
async def test_two_weeks_before_the_end_the_house_says_so(token, days):
    token(lasting(days))
    with pytest.raises(WataTokenEnds, match="Make another"):
        await wata_token_lasts()


async def test_nobody_is_warned_where_no_money_is_live(token, monkeypatch):
    monkeypatch.setenv("VERF_WATA_URL", "https://api-sandbox.wata.pro/api/h2h")
    token(lasting(1))
    await wata_token_lasts()


async def test_what_is_no_token_is_said_too(token):
    token("sandbox")
    with pytest.raises(WataTokenEnds):
        await wata_token_lasts()


def test_nothing_prints_the_token():
    terminal = Wata(WataSettings(token=SecretStr("very-secret"), terminal="t"))
    assert "very-secret" not in f"{terminal!r}{vars(terminal)!r}"
