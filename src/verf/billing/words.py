"""Sentences about money and plans. Rows keep codes, so that every reader gets their own language."""

from collections.abc import Iterable

from verf.billing.declarations import products
from verf.billing.providers.registry import enabled
from verf.billing.terms import Given
from verf.kit import Money
from verf.manifest import Entitlement
from verf.web import _, format_money, format_number


def interval_name(interval: str) -> str:
    """What follows a price: $9.90 a month."""
    names = {
        "day": _("a day"),
        "week": _("a week"),
        "month": _("a month"),
        "year": _("a year"),
        "once": _("once"),
    }
    return names.get(interval, interval)


def price_text(money: Money, interval: str) -> str:
    return f"{format_money(money)} {interval_name(interval)}"


def interval_title(interval: str) -> str:
    names = {
        "day": _("Daily"),
        "week": _("Weekly"),
        "month": _("Monthly"),
        "year": _("Yearly"),
        "once": _("Once"),
    }
    return names.get(interval, interval)


def state_name(state: str) -> str:
    names = {
        "incomplete": _("Not paid yet"),
        "trialing": _("Trial"),
        "active": _("Active"),
        "past_due": _("Payment overdue"),
        "suspended": _("Suspended"),
        "ended": _("Ended"),
    }
    return names.get(state, state)


STATE_KINDS = {"trialing": "info", "active": "ok", "past_due": "warn", "suspended": "bad"}
PAYMENT_KINDS = {"paid": "ok", "pending": "info", "failed": "bad"}


def payment_state_name(state: str) -> str:
    names = {"paid": _("Paid"), "pending": _("On its way"), "failed": _("Failed"), "void": _("Called off")}
    return names.get(state, state)


def payment_kind_name(kind: str) -> str:
    names = {
        "initial": _("First payment"),
        "renewal": _("Renewal"),
        "proration": _("Change of plan"),
        "one_off": _("One payment"),
    }
    return names.get(kind, kind)


def refund_state_name(state: str) -> str:
    return {"done": _("Done"), "pending": _("On its way"), "failed": _("Failed")}.get(state, state)


def dispute_state_name(state: str) -> str:
    return {"open": _("Being decided"), "won": _("We won"), "lost": _("We lost")}.get(state, state)


def failure_name(code: str) -> str:
    """Why a payment failed, as far as the provider told."""
    names = {
        "insufficient_funds": _("There was not enough money on it."),
        "expired_card": _("The card has expired."),
        "card_expired": _("The card has expired."),
        "stolen_card": _("The bank has blocked the card."),
        "lost_card": _("The bank has blocked the card."),
        "fraud_suspected": _("The bank refused it as suspicious."),
        "authentication_required": _("The bank wanted it confirmed, and nobody confirmed it."),
        "3d_secure_failed": _("The bank wanted it confirmed, and nobody confirmed it."),
        "permission_revoked": _("The permission to charge was taken back."),
    }
    return names.get(code, _("The bank refused it.") if code else "")


def given_text(entitlement: Entitlement, given: Given | None) -> str:
    """One cell of the comparison: "1,000" or "without limit". Empty: not in the plan."""
    if given is None:
        return ""
    if entitlement.kind == "switch":
        return _("included")
    if given.amount is None:
        return _("without limit")
    return format_number(given.amount)


def provider_title(name: str) -> str:
    if name == "house":
        return _("No provider")
    return next((source.title for source in enabled() if source.name == name), name)


def source_name(source: str) -> str:
    """What access comes from."""
    names = {
        "payment": _("A paid period"),
        "trial": _("A trial"),
        "promo": _("A promo code"),
        "referral": _("A referral"),
        "staff": _("A gift of ours"),
    }
    return names.get(source, source)


def plan_name(plan: str) -> str:
    """Its title, unless products give one name to different plans."""
    titles = {each.title for product in products() for each in product.plans if each.name == plan}
    return _(titles.pop()) if len(titles) == 1 else plan


def cancel_reasons() -> list[tuple[str, str]]:
    return [
        ("expensive", _("It costs too much")),
        ("missing", _("Something I need is missing")),
        ("unused", _("I do not use it enough")),
        ("switched", _("I use something else now")),
        ("broken", _("It did not work well")),
        ("other", _("Another reason")),
    ]


def state_options(states: Iterable[str]) -> list[tuple[str, str]]:
    return [(state, state_name(state)) for state in states]


def payment_state_options(states: Iterable[str]) -> list[tuple[str, str]]:
    return [(state, payment_state_name(state)) for state in states]


def event_state_options(states: Iterable[str]) -> list[tuple[str, str]]:
    names = {"new": _("Waiting"), "handled": _("Handled"), "ignored": _("Ignored"), "failed": _("Failed")}
    return [(state, names.get(state, state)) for state in states]


def finding_state_options(states: Iterable[str]) -> list[tuple[str, str]]:
    names = {"open": _("Unresolved"), "repaired": _("Repaired"), "dismissed": _("Dismissed")}
    return [(state, names.get(state, state)) for state in states]


def booking_options(kinds: Iterable[str]) -> list[tuple[str, str]]:
    names = {
        "charge": _("Payment"),
        "refund": _("Refund"),
        "fee": _("Fee"),
        "dispute_opened": _("Dispute opened"),
        "dispute_won": _("Dispute won"),
        "dispute_lost": _("Dispute lost"),
        "credit": _("Credit"),
        "credit_used": _("Credit used"),
    }
    return [(kind, names.get(kind, kind)) for kind in kinds]


def finding_name(kind: str) -> str:
    """What differs, in words for staff."""
    names = {
        "lost_webhook": _("A webhook was lost"),
        "refund_elsewhere": _("A refund was made at the provider"),
        "duplicate": _("Paid twice"),
        "wrong_mode": _("A test among real ones"),
        "amount_differs": _("The sums differ"),
        "unknown_payment": _("A payment that nobody here knows"),
        "missing_there": _("The provider does not know it"),
        "unknown_price": _("A price that nobody here knows"),
        "usage_untold": _("Use that was not reported"),
        "refund_exceeds_payment": _("More was paid back than was paid"),
    }
    return names.get(kind, kind.replace("_", " "))
