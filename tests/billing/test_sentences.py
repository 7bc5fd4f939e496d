"""Every reason in words, and what to do about it."""

from datetime import UTC, datetime

import pytest

from verf.billing import sentence_of, what_to_do
from verf.billing.decisions import Decision, Hint, Reason, ReasonCode
from verf.web import speak

Code = ReasonCode
MARCH = datetime(2026, 3, 3, 12, tzinfo=UTC)
APRIL = datetime(2026, 4, 4, 12, tzinfo=UTC)

SAID = [
    (Code.GRANTED, {"source": "payment", "plan": "Pro", "until": APRIL}, "Pro is open until Apr 4, 2026."),
    (Code.GRANTED, {"source": "staff", "plan": "", "until": None}, "A gift of ours is open."),
    (Code.GRANTED, {"source": "promo", "plan": "", "until": None}, "A promo code is open."),
    (Code.GRANTED, {"source": "referral", "plan": "", "until": None}, "A referral is open."),
    (Code.GRANTED, {"source": "payment", "plan": "", "until": None}, "A paid period is open."),
    (Code.GRANTED, {"source": "trial", "plan": "", "until": None}, "A trial is open."),
    (
        Code.IN_GRACE,
        {"ended_at": MARCH, "until": APRIL},
        "The paid period ended on Mar 3, 2026; access goes on until Apr 4, 2026 while the payment is tried again.",
    ),
    (Code.OVERRIDDEN, {"because": "a gift"}, "We decided so: a gift."),
    (Code.WITHIN_LIMIT, {"used": 1200, "limit": 10_000}, "1,200 of 10,000 are used."),
    (
        Code.OVER_SOFT_LIMIT,
        {"used": 12, "limit": 10},
        "12 are used, more than the 10 of your plan; nothing is stopped.",
    ),
    (Code.LIMIT_REACHED, {"limit": 1}, "Your plan allows 1, and it is used."),
    (Code.LIMIT_REACHED, {"limit": 1000}, "Your plan allows 1,000, and they are used."),
    (Code.ACCESS_HOLD, {"hold": "dispute"}, "Access is on hold while a payment is disputed."),
    (Code.NOT_IN_PLAN, {"plan": "small"}, "Your plan does not include this."),
    (Code.EXPIRED, {"source": "trial", "ended_at": MARCH}, "The trial ended on Mar 3, 2026."),
    (Code.EXPIRED, {"source": "payment", "ended_at": MARCH}, "Access ended on Mar 3, 2026."),
    (Code.REVOKED, {"revoked_at": MARCH}, "Access was taken back on Mar 3, 2026."),
    (Code.NOT_STARTED, {"starts_at": APRIL}, "Access begins on Apr 4, 2026."),
    (Code.NO_GRANT, {}, "Your organisation has no plan yet."),
    (Code.PAST_DUE, {}, "The last payment did not go through."),
    (Code.SUSPENDED, {}, "The subscription is suspended until it is paid."),
    (Code.UNKNOWN_FEATURE, {}, "No plan has this."),
]


@pytest.fixture(autouse=True)
def english():
    speak("en")


@pytest.mark.parametrize("code, data, said", SAID)
def test_a_reason_is_a_sentence(code, data, said):
    assert sentence_of(Reason(code, data)) == said


def test_no_reason_is_without_words():
    assert {code for code, _, _ in SAID} == set(ReasonCode)


def decision(*codes: ReasonCode, **more) -> Decision:
    return Decision(feature="calls", allowed=False, reasons=tuple(Reason(code) for code in codes), **more)


LARGE = Hint(plan="large", title="Large", limit=1000)


@pytest.mark.parametrize(
    "refused, step",
    [
        (decision(Code.NO_GRANT), ""),
        (decision(Code.NOT_IN_PLAN, upgrade=LARGE), "The plan Large allows it."),
        (decision(Code.ACCESS_HOLD, upgrade=LARGE), "Please write to us."),
        (decision(Code.EXPIRED, Code.PAST_DUE, upgrade=LARGE), "Pay what is open, and it opens at once."),
        (decision(Code.LIMIT_REACHED, resets_at=APRIL), "It begins anew on 4/4/26, 12:00 PM UTC."),
    ],
)
def test_what_to_do_is_one_step_that_helps(refused, step):
    assert what_to_do(refused).replace("\u202f", " ") == step
