"""The other side of every comparison: what the simulated providers themselves hold, against what we hold of it."""

from collections import Counter, defaultdict
from decimal import Decimal

from sqlalchemy import select

from verf.billing.ledger import unbalanced
from verf.billing.models import Grant, LedgerEntry, Payment, Refund, Subscription
from verf.database import transaction
from verf.kit import Money

MIRRORED = {
    "stripe": {"active": "active", "past_due": "past_due", "unpaid": "suspended", "canceled": "ended"},
    "paddle": {"active": "active", "past_due": "past_due", "paused": "suspended", "canceled": "ended"},
}


async def untrue(harbour):
    """Everything in which a provider and we are not of one mind, in words. A year later: nothing."""
    ours = await _held()
    found = [f"ledger: {each} does not sum to zero" for each in ours["unbalanced"]]
    for provider in harbour.simulators:
        truth = await harbour.truth(provider)
        theirs = PAYMENTS[provider](truth)
        found += _compare(f"{provider} payment", theirs, ours["payments"][provider])
        found += _compare(f"{provider} cash", _cash(theirs, truth, provider), ours["cash"][provider])
        if provider in MIRRORED:
            states = {each["id"]: MIRRORED[provider].get(each["status"]) for each in truth["subscriptions"]}
            states = {ref: state for ref, state in states.items() if state}
            found += _compare(f"{provider} subscription", states, ours["subscriptions"][provider])
        found += _without_access(provider, theirs, ours)
    return found


async def _held():
    async with transaction(system="test looks at everything") as session:
        paid = [each for each in await session.scalars(select(Payment).where(Payment.state == "paid")) if each.amount]
        refunds = list(await session.scalars(select(Refund).where(Refund.state == "done")))
        rows = list(await session.scalars(select(Subscription)))
        grants = list(await session.scalars(select(Grant).where(Grant.source == "payment")))
        entries = list(await session.scalars(select(LedgerEntry).where(LedgerEntry.ledger.startswith("cash:"))))
        crooked = await unbalanced(session)
    back = Counter()
    for each in refunds:
        back[each.payment_id] += each.amount
    payments, subscriptions, cash = defaultdict(dict), defaultdict(dict), defaultdict(Counter)
    for each in paid:
        payments[each.provider][each.ref] = (each.amount, each.currency, back[each.id])
    for each in rows:
        subscriptions[each.provider][each.ref] = each.state
    fees = Counter()
    for each in paid:
        fees[each.provider, each.currency] += each.fee
    for each in entries:
        cash[each.ledger.partition(":")[2]][each.currency] += each.amount
    for (provider, currency), fee in fees.items():
        cash[provider][currency] += fee
    return {
        "payments": payments,
        "subscriptions": subscriptions,
        "cash": {name: {code: total for code, total in sums.items() if total} for name, sums in cash.items()}
        | {name: {} for name in ("stripe", "paddle", "yookassa", "wata") if name not in cash},
        "unbalanced": crooked,
        "ids": {(each.provider, each.ref): each for each in paid},
        "grants": {each.source_ref: each for each in grants},
    }


def _compare(what, theirs, ours):
    wrong = [
        f"{what} {ref}: theirs {value}, ours {ours.get(ref)}" for ref, value in theirs.items() if value != ours.get(ref)
    ]
    return wrong + [f"{what} {ref}: ours {value}, theirs none" for ref, value in ours.items() if ref not in theirs]


def _cash(theirs, truth, provider):
    """What lies with the provider for us, before its fees."""
    cash = Counter()
    for amount, currency, back in theirs.values():
        cash[currency] += amount - back
    for currency, taken in DISPUTED[provider](truth):
        cash[currency] -= taken
    return {currency: total for currency, total in cash.items() if total}


def _without_access(provider, theirs, ours):
    """Money without access, or access whose money went back."""
    found = []
    for ref, (amount, _currency, back) in theirs.items():
        paid = ours["ids"].get((provider, ref))
        grant = ours["grants"].get(str(paid.id)) if paid else None
        if grant is None:
            found.append(f"{provider} payment {ref}: paid, and no access was given for it")
        elif back >= amount and grant.revoked_at is None:
            found.append(f"{provider} payment {ref}: given back, and its access stays")
        elif back < amount and grant.revoked_at and grant.revoked_because == "refunded":
            found.append(f"{provider} payment {ref}: not given back, and its access was taken")
    return found


def _of_stripe(truth):
    back = Counter()
    for each in truth["refunds"]:
        back[each["payment_intent"]] += each["amount"] if each["status"] == "succeeded" else 0
    return {
        each["id"]: (each["amount_received"], each["currency"].upper(), back[each["id"]])
        for each in truth["payments"]
        if each["status"] == "succeeded"
    }


def _of_paddle(truth):
    back = Counter()
    for each in truth["refunds"]:
        back[each["transaction_id"]] += int(each["totals"]["total"]) if each["status"] == "approved" else 0
    return {
        each["id"]: (int(each["details"]["totals"]["grand_total"]), each["currency_code"], back[each["id"]])
        for each in truth["payments"]
        if each["status"] in ("paid", "completed") and int(each["details"]["totals"]["grand_total"])
    }


def _minor(value, currency):
    return Money.of(Decimal(value), currency).minor_units


def _of_yookassa(truth):
    back = Counter()
    for each in truth["refunds"]:
        if each["status"] == "succeeded":
            back[each["payment_id"]] += _minor(each["amount"]["value"], each["amount"]["currency"])
    return {
        each["id"]: (_minor(each["amount"]["value"], "RUB"), each["amount"]["currency"], back[each["id"]])
        for each in truth["payments"]
        if each["status"] == "succeeded"
    }


def _of_wata(truth):
    back = Counter()
    for each in truth["refunds"]:
        if each["status"] == "Paid":
            back[each["originalTransactionId"]] += _minor(each["amount"], each["currency"])
    return {
        each["id"]: (_minor(each["amount"], each["currency"]), each["currency"], back[each["id"]])
        for each in truth["payments"]
        if each["status"] == "Paid"
    }


def _disputed_stripe(truth):
    return [(each["currency"].upper(), each["amount"]) for each in truth["disputes"] if each["status"] != "won"]


def _disputed_paddle(truth):
    """The last word on each payment counts. At a warning Paddle gives the money back, as at a chargeback."""
    last = {each["transaction_id"]: each for each in sorted(truth["disputes"], key=lambda each: each["created_at"])}
    held = [each for each in last.values() if not each["action"].endswith("_reverse")]
    return [(each["currency_code"], int(each["totals"]["total"])) for each in held]


PAYMENTS = {"stripe": _of_stripe, "paddle": _of_paddle, "yookassa": _of_yookassa, "wata": _of_wata}
DISPUTED = {
    "stripe": _disputed_stripe,
    "paddle": _disputed_paddle,
    "yookassa": lambda _truth: [],
    "wata": lambda _truth: [],
}
