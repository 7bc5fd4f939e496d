"""What a customer agrees to before paying, in the words they saw: kept with the checkout, with its time."""

from dataclasses import dataclass
from datetime import datetime

from verf.billing.settings import BillingSettings
from verf.billing.words import interval_name
from verf.errors import Invalid
from verf.kit import Money, now
from verf.settings import load
from verf.web import _, format_money


class NotAgreed(Invalid):
    """The box was not ticked, or what stands beside it has changed since."""


@dataclass(frozen=True)
class Consent:
    """`version` is that of the house's terms; `words` the sentence as it was read."""

    version: str
    words: str
    at: datetime


def sentence(money: Money, interval: str, *, renews_itself: bool) -> str:
    """For the box at the checkout. `money` is what recurs, in full."""
    price, has_terms = format_money(money), bool(load(BillingSettings).terms_url)
    if renews_itself:
        often = interval_name(interval)
        if has_terms:
            return _("I agree to the terms and to recurring charges of %(price)s %(often)s until I cancel.") % {
                "price": price,
                "often": often,
            }
        return _("I agree to recurring charges of %(price)s %(often)s until I cancel.") % {
            "price": price,
            "often": often,
        }
    if has_terms:
        return _("I agree to the terms and to pay %(price)s once. Nothing is charged later.") % {"price": price}
    return _("I agree to pay %(price)s once. Nothing is charged later.") % {"price": price}


def given(words: str) -> Consent:
    """Just now."""
    return Consent(load(BillingSettings).terms_version, words, now())
