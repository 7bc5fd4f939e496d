"""The arrows of C19.1, and nothing else."""

import itertools

import pytest

from verf.billing.machine import ALLOWED, ARROWS, Happening, ImpossibleStep, is_allowed, moved, step
from verf.billing.states import Engine, SubscriptionState

State = SubscriptionState
CONTRACT = {
    "incomplete": "trialing active ended",
    "trialing": "active past_due ended",
    "active": "past_due suspended ended",
    "past_due": "active suspended ended",
    "suspended": "active ended",
    "ended": "",
}
PAIRS = list(itertools.product(State, State))


def test_our_own_engine_goes_along_the_arrows_of_the_contract():
    assert {str(state): {str(to) for to in ALLOWED[state]} for state in State} == {
        state: set(to.split()) for state, to in CONTRACT.items()
    }


@pytest.mark.parametrize("current, wanted", PAIRS)
def test_a_mirror_follows_anywhere_but_out_of_ended(current, wanted):
    may = current is not State.ENDED or wanted is State.ENDED
    assert is_allowed(current, wanted, engine=Engine.MIRROR) is may


@pytest.mark.parametrize("current, wanted", PAIRS)
def test_what_is_not_allowed_is_refused_by_name(current, wanted):
    if is_allowed(current, wanted, engine=Engine.OWN):
        assert moved(current, wanted, engine=Engine.OWN) is wanted
        return
    with pytest.raises(ImpossibleStep, match=str(current)):
        moved(current, wanted, engine=Engine.OWN)


@pytest.mark.parametrize("current, happening", list(itertools.product(State, Happening)))
def test_whatever_happens_stays_inside_the_table(current, happening):
    if happening in ARROWS[current]:
        assert is_allowed(current, step(current, happening), engine=Engine.OWN)
        return
    with pytest.raises(ImpossibleStep):
        step(current, happening)


def test_nothing_happens_to_what_has_ended():
    assert not ARROWS[State.ENDED]


@pytest.mark.parametrize("current", [State.INCOMPLETE, State.TRIALING, State.ACTIVE, State.PAST_DUE, State.SUSPENDED])
def test_money_opens_every_state_but_the_last(current):
    assert step(current, Happening.PAID) is State.ACTIVE


@pytest.mark.parametrize("current", [state for state in State if state is not State.ENDED])
def test_everything_can_be_ended(current):
    assert step(current, Happening.CANCELLED) is State.ENDED
    assert step(current, Happening.RAN_OUT) is State.ENDED


def test_a_failed_charge_again_keeps_it_past_due():
    assert step(State.PAST_DUE, Happening.CHARGE_FAILED) is State.PAST_DUE
    assert step(State.PAST_DUE, Happening.GAVE_UP) is State.SUSPENDED
    assert step(State.SUSPENDED, Happening.RESUMED) is State.ACTIVE
