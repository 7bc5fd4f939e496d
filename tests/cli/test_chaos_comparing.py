"""Sums of two runs are equal, but for what the seconds between them cost where a plan was changed."""

import pytest

from verf.cli.chaos import differences

MONTH = 28 * 86_400


def face(amount, *moments, dearest=9990):
    rows = [{"what": what, "since": since, "until": until, "dearest": dearest} for what, since, until in moments]
    return {"payments": [{"kind": "proration", "amount": amount}], "moments": rows}


def test_without_a_change_of_plan_not_a_cent_may_differ():
    one, other = face(2990, ("buy", 0, 1)), face(2991, ("buy", 5000, 5001))
    assert differences(one, face(2990, ("buy", 5000, 5001))) == []
    assert differences(one, other) == [
        "payments: missing  kind proration, amount 2990",
        "payments: too many kind proration, amount 2991",
    ]


@pytest.mark.parametrize(("late", "apart", "is_alike"), [(0, 1, True), (0, 2, False), (300, 3, True), (300, 4, False)])
def test_a_change_may_differ_by_what_the_dearest_plan_costs_meanwhile(late, apart, is_alike):
    one = face(4000, ("buy", 0, 0), ("change", 1000, 1000))
    other = face(4000 - apart, ("buy", 0, 0), ("change", 1000 + late, 1000 + late))
    assert (differences(one, other) == []) == is_alike


def test_while_it_was_tried_again_and_again_it_was_done_at_any_of_these_tries():
    day = MONTH / 28
    one, other = face(4000, ("change", 0, 0)), face(3650, ("change", 0, day))
    assert differences(one, other) == []
    assert differences(one, face(3640, ("change", 0, day))) != []


def test_who_did_something_else_gets_no_allowance():
    one, other = face(4000, ("change", 0, 0)), face(3999, ("change", 0, 0), ("change", 60, 60))
    assert differences(one, other) != []


def test_the_very_same_row_is_found_before_one_that_is_like_it():
    rows = [{"kind": "proration", "amount": amount} for amount in (100, 101)]
    moments = [{"what": "change", "since": 0, "until": 60, "dearest": 9990}]
    one = {"payments": rows, "moments": moments}
    assert differences(one, {"payments": rows[::-1], "moments": moments}) == []
