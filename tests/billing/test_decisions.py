"""Every reason of a decision, one row each, and what holds for all of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from verf.billing.decisions import (
    Decision,
    GrantSeen,
    Hint,
    Override,
    ReasonCode,
    SubscriptionSeen,
    UsageSeen,
    decide,
)
from verf.billing.states import SubscriptionState
from verf.billing.terms import Given, Terms

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SUBSCRIPTION = UUID(int=1)
State = SubscriptionState
Code = ReasonCode


def switch() -> Given:
    return Given(kind="switch")


def number(amount: int | None) -> Given:
    return Given(kind="number", amount=amount)


def minutes(amount: int) -> Given:
    return Given(kind="number", amount=amount, smaller_is_better=True)


def quota(amount: int | None, *, hard: bool = True) -> Given:
    return Given(kind="quota", amount=amount, is_hard=hard)


STARTER = Terms(plan="starter", title="Starter", rank=1, gives={"products": number(100), "calls": quota(1000)})
PRO = Terms(
    plan="pro", title="Pro", rank=2, gives={"products": number(1000), "calls": quota(10_000), "export": switch()}
)
OFFERS = (PRO, STARTER)


def grant(terms: Terms = STARTER, **changed) -> GrantSeen:
    return replace(
        GrantSeen(
            id=UUID(int=7),
            source="payment",
            starts_at=NOW - 10 * DAY,
            ends_at=NOW + 20 * DAY,
            grace_until=NOW + 23 * DAY,
            subscription=SUBSCRIPTION,
            plan=terms.plan,
            gives=terms.gives,
        ),
        **changed,
    )


def ended(terms: Terms = STARTER, **changed) -> GrantSeen:
    """A paid period that ended a day ago, with two more days of grace."""
    return grant(terms, **{"ends_at": NOW - DAY, "grace_until": NOW + 2 * DAY, **changed})


def subscribed(state: State = State.ACTIVE, **changed) -> SubscriptionSeen:
    return SubscriptionSeen(id=SUBSCRIPTION, state=state, **changed)


ROWS = {
    "paid": ({"grants": [grant()]}, True, [Code.GRANTED, Code.WITHIN_LIMIT]),
    "without limit": ({"grants": [grant(gives={"calls": quota(None)})]}, True, [Code.GRANTED]),
    "used up to the last": (
        {"grants": [grant()], "usage": UsageSeen(used=999)},
        True,
        [Code.GRANTED, Code.WITHIN_LIMIT],
    ),
    "used up": ({"grants": [grant()], "usage": UsageSeen(used=1000)}, False, [Code.LIMIT_REACHED, Code.GRANTED]),
    "the rest is held": (
        {"grants": [grant()], "usage": UsageSeen(used=600, reserved=400)},
        False,
        [Code.LIMIT_REACHED, Code.GRANTED],
    ),
    "too much at once": (
        {"grants": [grant()], "usage": UsageSeen(used=990), "wanted": 11},
        False,
        [Code.LIMIT_REACHED, Code.GRANTED],
    ),
    "soft and used up": (
        {"grants": [grant(gives={"calls": quota(10, hard=False)})], "usage": UsageSeen(used=10)},
        True,
        [Code.GRANTED, Code.OVER_SOFT_LIMIT],
    ),
    "never had any": ({"grants": []}, False, [Code.NO_GRANT]),
    "never had any, and a payment is missing": (
        {"grants": [], "subscription": subscribed(State.PAST_DUE)},
        False,
        [Code.NO_GRANT, Code.PAST_DUE],
    ),
    "not of this plan": ({"feature": "export", "grants": [grant()]}, False, [Code.NOT_IN_PLAN]),
    "of no plan at all": ({"feature": "teleport", "grants": []}, False, [Code.UNKNOWN_FEATURE]),
    "begins tomorrow": ({"grants": [grant(starts_at=NOW + DAY)]}, False, [Code.NOT_STARTED]),
    "begins now": ({"grants": [grant(starts_at=NOW)]}, True, [Code.GRANTED, Code.WITHIN_LIMIT]),
    "ends now": ({"grants": [grant(ends_at=NOW, grace_until=None)]}, False, [Code.EXPIRED]),
    "taken back": (
        {"grants": [grant(revoked_at=NOW - DAY, revoked_because="refund")]},
        False,
        [Code.REVOKED],
    ),
    "to be taken back tomorrow": (
        {"grants": [grant(revoked_at=NOW + DAY)]},
        True,
        [Code.GRANTED, Code.WITHIN_LIMIT],
    ),
    "grace while past due": (
        {"grants": [ended()], "subscription": subscribed(State.PAST_DUE)},
        True,
        [Code.IN_GRACE, Code.WITHIN_LIMIT],
    ),
    "grace while the renewal is on its way": (
        {"grants": [ended()], "subscription": subscribed()},
        True,
        [Code.IN_GRACE, Code.WITHIN_LIMIT],
    ),
    "no grace for who cancelled": (
        {"grants": [ended()], "subscription": subscribed(cancel_at=NOW - DAY)},
        False,
        [Code.EXPIRED],
    ),
    "no grace once suspended": (
        {"grants": [ended()], "subscription": subscribed(State.SUSPENDED)},
        False,
        [Code.EXPIRED, Code.SUSPENDED],
    ),
    "no grace once ended": ({"grants": [ended()], "subscription": subscribed(State.ENDED)}, False, [Code.EXPIRED]),
    "no grace without a subscription": ({"grants": [ended()]}, False, [Code.EXPIRED]),
    "no grace by another subscription": (
        {"grants": [ended(subscription=UUID(int=2))], "subscription": subscribed()},
        False,
        [Code.EXPIRED],
    ),
    "grace is over": (
        {"grants": [ended(grace_until=NOW)], "subscription": subscribed(State.PAST_DUE)},
        False,
        [Code.EXPIRED, Code.PAST_DUE],
    ),
    "disputed": (
        {"grants": [grant()], "subscription": subscribed(access_hold="dispute")},
        False,
        [Code.ACCESS_HOLD, Code.GRANTED],
    ),
    "staff says no": (
        {"grants": [grant()], "override": Override(is_allowed=False, because="abuse")},
        False,
        [Code.OVERRIDDEN, Code.GRANTED],
    ),
    "staff says yes to who has nothing": (
        {"grants": [], "override": Override(is_allowed=True, because="a gift")},
        True,
        [Code.OVERRIDDEN],
    ),
    "staff says yes in spite of a hold": (
        {
            "grants": [grant()],
            "subscription": subscribed(access_hold="dispute"),
            "override": Override(is_allowed=True, because="settled"),
        },
        True,
        [Code.OVERRIDDEN, Code.GRANTED, Code.WITHIN_LIMIT],
    ),
    "staff gives another limit": (
        {
            "grants": [grant()],
            "usage": UsageSeen(used=5),
            "override": Override(is_allowed=True, because="-", given=quota(5)),
        },
        False,
        [Code.LIMIT_REACHED, Code.OVERRIDDEN, Code.GRANTED],
    ),
    "staff's word has run out": (
        {"grants": [], "override": Override(is_allowed=True, because="-", until=NOW)},
        False,
        [Code.NO_GRANT],
    ),
    "the best of two": (
        {"grants": [grant(), grant(PRO)], "usage": UsageSeen(used=5000)},
        True,
        [Code.GRANTED, Code.GRANTED, Code.WITHIN_LIMIT],
    ),
    "one is over, one is open": (
        {"grants": [ended(PRO), grant()]},
        True,
        [Code.GRANTED, Code.WITHIN_LIMIT],
    ),
}


def ask(*, feature: str = "calls", **known) -> Decision:
    return decide(feature, **{"now": NOW, "offers": OFFERS, **known})


@pytest.mark.parametrize("known, allowed, codes", ROWS.values(), ids=list(ROWS))
def test_a_decision_says_why(known, allowed, codes):
    decision = ask(**known)
    assert (decision.allowed, [reason.code for reason in decision.reasons]) == (allowed, codes)
    assert decision.because is codes[0]


def test_every_reason_is_tried():
    assert {code for _, _, codes in ROWS.values() for code in codes} == set(ReasonCode)


def test_limit_used_and_remaining_are_told():
    decision = ask(grants=[grant()], usage=UsageSeen(used=600, reserved=100, resets_at=NOW + DAY))
    assert (decision.limit, decision.used, decision.remaining) == (1000, 600, 300)
    assert decision.resets_at == NOW + DAY
    assert decision.reasons[-1].data == {"limit": 1000, "used": 700, "wanted": 1, "resets_at": NOW + DAY}


def test_a_number_does_not_reset():
    decision = ask(feature="products", grants=[grant()], usage=UsageSeen(used=100, resets_at=NOW + DAY))
    assert decision.because is Code.LIMIT_REACHED
    assert decision.resets_at is None


def test_asking_for_nothing_asks_whether_there_is_access():
    assert ask(grants=[grant()], usage=UsageSeen(used=1000), wanted=0).allowed
    assert not ask(grants=[], wanted=0).allowed


@pytest.mark.parametrize("order", [1, -1])
def test_overlapping_grants_take_the_best_in_any_order(order):
    decision = ask(feature="products", grants=[grant(), grant(PRO, source="promo")][::order])
    assert decision.limit == 1000
    assert [reason.data["plan"] for reason in decision.reasons[:2]] == ["pro", "starter"]


def test_without_limit_is_better_than_any_limit():
    assert ask(grants=[grant(gives={"calls": quota(10**9)}), grant(gives={"calls": quota(None)})]).limit is None


def test_fewer_minutes_between_syncs_are_better_and_are_not_used_up():
    grants = [grant(gives={"sync-minutes": minutes(120)}), grant(gives={"sync-minutes": minutes(10)})]
    decision = ask(feature="sync-minutes", grants=grants, usage=UsageSeen(used=500), offers=())
    assert (decision.allowed, decision.limit, decision.remaining) == (True, 10, None)


def test_a_soft_limit_is_better_than_the_same_as_a_hard_one():
    grants = [grant(gives={"calls": quota(10)}), grant(gives={"calls": quota(10, hard=False)})]
    assert ask(grants=grants, usage=UsageSeen(used=10)).allowed


def test_the_smallest_plan_that_would_do_is_named():
    assert ask(grants=[]).upgrade == Hint(plan="starter", title="Starter", limit=1000)
    assert ask(grants=[grant()], usage=UsageSeen(used=1000)).upgrade == Hint(plan="pro", title="Pro", limit=10_000)
    assert ask(feature="export", grants=[grant()]).upgrade == Hint(plan="pro", title="Pro", limit=None)
    assert ask(grants=[], wanted=5000).upgrade == Hint(plan="pro", title="Pro", limit=10_000)


def test_nobody_is_sent_to_a_plan_that_would_not_help():
    assert ask(grants=[grant()]).upgrade is None
    assert ask(grants=[grant(PRO)], usage=UsageSeen(used=10_000)).upgrade is None
    assert ask(grants=[], wanted=10**6).upgrade is None


def test_a_decision_knows_until_when_time_alone_cannot_change_it():
    coming = grant(PRO, starts_at=NOW + 5 * DAY)
    assert ask(grants=[grant(), coming]).valid_until == NOW + 5 * DAY
    assert ask(grants=[grant()]).valid_until == NOW + 20 * DAY
    word = Override(is_allowed=True, because="-", until=NOW + DAY)
    assert ask(grants=[grant()], override=word).valid_until == NOW + DAY
    assert ask(grants=[]).valid_until is None


MOMENTS = st.integers(-40, 40).map(lambda hours: NOW + timedelta(hours=hours))
GRANTS = st.lists(
    st.builds(
        GrantSeen,
        id=st.uuids(),
        source=st.sampled_from(["payment", "trial", "staff"]),
        starts_at=MOMENTS,
        ends_at=st.none() | MOMENTS,
        grace_until=st.none() | MOMENTS,
        revoked_at=st.none() | MOMENTS,
        subscription=st.none() | st.just(SUBSCRIPTION),
        plan=st.sampled_from(["starter", "pro"]),
        gives=st.sampled_from([STARTER.gives, PRO.gives, {}]),
    ),
    max_size=5,
)
SUBSCRIPTIONS = st.none() | st.builds(
    SubscriptionSeen,
    id=st.just(SUBSCRIPTION),
    state=st.sampled_from(State),
    cancel_at=st.none() | MOMENTS,
    access_hold=st.sampled_from(["", "dispute"]),
)
USAGES = st.builds(UsageSeen, used=st.integers(0, 20_000), reserved=st.integers(0, 20_000))
FEATURES = st.sampled_from(["calls", "products", "export", "teleport"])


@for_any(FEATURES, GRANTS, SUBSCRIPTIONS, USAGES)
def test_whatever_is_known_there_is_an_answer_with_a_reason(feature, grants, subscription, usage):
    decision = ask(feature=feature, grants=grants, subscription=subscription, usage=usage)
    assert decision.reasons
    if decision.allowed:
        assert decision.because in {Code.GRANTED, Code.IN_GRACE}
        assert any(feature in one.gives for one in grants)


@for_any(FEATURES, GRANTS, SUBSCRIPTIONS, USAGES, GRANTS)
def test_another_grant_never_takes_access_away(feature, grants, subscription, usage, more):
    known = {"feature": feature, "subscription": subscription, "usage": usage}
    if ask(grants=grants, **known).allowed:
        assert ask(grants=[*grants, *more], **known).allowed


@for_any(FEATURES, GRANTS, SUBSCRIPTIONS, USAGES)
def test_nothing_changes_before_it_says(feature, grants, subscription, usage):
    known = {"feature": feature, "grants": grants, "subscription": subscription, "usage": usage}
    decision = ask(**known)
    if decision.valid_until:
        just_before = decision.valid_until - timedelta(microseconds=1)
        assert ask(**{**known, "now": just_before}).allowed is decision.allowed


@for_any(GRANTS, SUBSCRIPTIONS, USAGES)
def test_a_hold_or_a_no_of_staff_opens_nothing(grants, subscription, usage):
    held = subscribed(access_hold="dispute")
    assert not ask(grants=grants, subscription=held, usage=usage).allowed
    word = Override(is_allowed=False, because="abuse")
    assert not ask(grants=grants, subscription=subscription, usage=usage, override=word).allowed
