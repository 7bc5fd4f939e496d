"""Stripe's own ideas of minor units, there and back."""

import pytest
import stripe

from verf.billing.providers.stripe.amounts import AmountNotPossible, from_stripe, to_stripe
from verf.billing.providers.stripe.provider import CURRENCIES
from verf.kit import Money, exponent_of


@pytest.mark.parametrize(
    "amount, currency, theirs",
    [
        ("9.90", "USD", 990),
        ("500", "JPY", 500),
        ("1200", "KRW", 1200),
        ("5.120", "KWD", 5120),
        ("7.500", "BHD", 7500),
        # Written with two decimals, though they have none.
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        # Without decimals at Stripe, with two in ISO 4217.
        ("120.00", "MGA", 120),
    ],
)
def test_an_amount_goes_there_and_back(amount, currency, theirs):
    money = Money.of(amount, currency)
    assert to_stripe(money) == theirs
    assert from_stripe(theirs, currency.lower()) == money


@pytest.mark.parametrize("amount, currency", [("5.124", "KWD"), ("0.001", "TND"), ("120.50", "MGA")])
def test_what_cannot_be_said_exactly_is_refused_and_never_rounded(amount, currency):
    with pytest.raises(AmountNotPossible) as refused:
        to_stripe(Money.of(amount, currency))
    assert currency in str(refused.value)


def test_half_a_krona_does_not_exist():
    with pytest.raises(stripe.APIError):
        from_stripe(550, "isk")


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_every_currency_we_offer_goes_there_and_back(currency):
    money = Money(12_340 * 10 ** exponent_of(currency), currency)
    assert from_stripe(to_stripe(money), currency) == money
