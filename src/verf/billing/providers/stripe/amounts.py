"""Stripe's amounts are almost, not quite, ISO minor units. https://docs.stripe.com/currencies#special-cases"""

import stripe

from verf.billing.providers.events import ProviderRefused
from verf.kit import Money, exponent_of
from verf.web import _

# Decimals of Stripe's amounts where they differ from ISO 4217: the ariary has no decimals there; the Ugandan shilling
# and the Icelandic króna have none in fact but are still written with two.
EXCEPTIONS = {"MGA": 0, "UGX": 2, "ISK": 2}
UNITS = (1, 10, 100, 1000, 10_000)
# Stripe's partners want the last digit of dinars and rials to be zero: 5.120 or 5.130, never 5.124.
STEPS = {"BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10, "ISK": 100, "UGX": 100}


class AmountNotPossible(ProviderRefused):
    """Stripe cannot take this sum exactly, and another sum is never charged instead."""


def to_stripe(money: Money) -> int:
    ours = exponent_of(money.currency)
    theirs = EXCEPTIONS.get(money.currency, ours)
    amount, rest = divmod(money.minor_units * UNITS[theirs], UNITS[ours])
    if rest or amount % STEPS.get(money.currency, 1):
        raise AmountNotPossible(
            _("Stripe cannot take %(amount)s %(currency)s exactly.", amount=money.decimal, currency=money.currency),
            provider_code="amount_not_possible",
        )
    return amount


def from_stripe(amount: int, currency: str) -> Money:
    code = currency.upper()
    ours = exponent_of(code)
    theirs = EXCEPTIONS.get(code, ours)
    minor, rest = divmod(amount * UNITS[ours], UNITS[theirs])
    if rest:
        raise stripe.APIError(f"{amount} is not an amount of {code}")
    return Money(minor, code)
