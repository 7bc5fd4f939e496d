"""Saved methods and declines, from payment methods and charges."""

import stripe

from verf.billing.providers.pictures import Failure, Method

# Trying the same card again cannot help; some schemes even fine who does.
# https://docs.stripe.com/declines/codes
HARD = frozenset(
    {
        "do_not_try_again",
        "expired_card",
        "fraudulent",
        "invalid_account",
        "lost_card",
        "merchant_blacklist",
        "new_account_information_available",
        "no_account",
        "payment_method_not_available",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "security_violation",
        "stolen_card",
        "stop_payment_order",
    }
)


def method_of(kept: stripe.PaymentMethod | str | None) -> Method | None:
    if kept is None or isinstance(kept, str):
        return None
    card = getattr(kept, "card", None)
    if card is None:
        return Method(ref=kept.id, kind=kept.type, title=kept.type.replace("_", " "), can_charge_again=True)
    return Method(
        ref=kept.id,
        kind="card",
        title=_title(card.brand, card.last4),
        expires=f"{card.exp_year:04}-{card.exp_month:02}",
        fingerprint=card.fingerprint or "",
        can_charge_again=True,
    )


def method_of_charge(charge: stripe.Charge) -> Method | None:
    details = charge.payment_method_details
    if details is None or not charge.payment_method:
        return None
    card = getattr(details, "card", None)
    if card is None:
        return Method(ref=charge.payment_method, kind=details.type, title=details.type.replace("_", " "))
    return Method(
        ref=charge.payment_method,
        kind="card",
        title=_title(card.brand or "card", card.last4 or ""),
        expires=f"{card.exp_year:04}-{card.exp_month:02}",
        fingerprint=card.fingerprint or "",
        can_charge_again=True,
    )


def failure_of(intent: stripe.PaymentIntent) -> Failure | None:
    error = intent.last_payment_error
    if error is None:
        return None
    codes = [getattr(error, name, None) for name in ("decline_code", "code", "advice_code", "type")]
    known = [code for code in codes if code]
    return Failure(
        code=known[0] if known else "unknown",
        is_hard=any(code in HARD for code in known),
        message=getattr(error, "message", None) or "",
    )


def _title(brand: str, last4: str) -> str:
    return f"{brand.replace('_', ' ').title()} ···· {last4}"
