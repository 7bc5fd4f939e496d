from hypothesis import given
from hypothesis import strategies as st

from verf.limits.windows import GRAINS, Mark, take

QUOTA = 5
WINDOW = 60.0

gaps = st.lists(st.floats(min_value=0, max_value=40), min_size=1, max_size=80)


@given(gaps, st.integers(1, 12), st.sampled_from([1.0, 60.0, 3600.0]))
def test_no_window_ever_sees_more_than_the_quota(waits, quota, window):
    marks: list[Mark] = []
    now, passed = 1000.0, []
    for wait in waits:
        now += wait * window / 60
        if take(marks, now, quota=quota, window=window, cost=1).allowed:
            passed.append(now)
    for start in passed:
        assert sum(start <= at < start + window for at in passed) <= quota


@given(gaps)
def test_a_refused_hit_passes_after_the_seconds_it_was_told(waits):
    marks: list[Mark] = []
    now = 0.0
    for wait in waits:
        now += wait
        decision = take(marks, now, quota=QUOTA, window=WINDOW, cost=1)
        if not decision.allowed:
            assert 0 < decision.retry_after <= WINDOW
            now += decision.retry_after + 1e-6
            assert take(marks, now, quota=QUOTA, window=WINDOW, cost=1).allowed


@given(gaps, st.integers(1, 1000))
def test_space_is_bounded_however_many_hits_come(waits, quota):
    marks: list[Mark] = []
    now = 0.0
    for wait in waits:
        now += wait / 40
        take(marks, now, quota=quota, window=WINDOW, cost=1)
        assert len(marks) <= GRAINS + 2


def test_who_keeps_below_the_rate_is_never_refused():
    marks: list[Mark] = []
    assert all(take(marks, at * 13.0, quota=QUOTA, window=WINDOW, cost=1).allowed for at in range(100))


def test_the_quota_comes_back_whole_after_the_reset():
    marks: list[Mark] = []
    for _ in range(QUOTA):
        decision = take(marks, 10.0, quota=QUOTA, window=WINDOW, cost=1)
    assert (decision.remaining, decision.reset_after) == (0, WINDOW)
    assert take(marks, 10.0 + WINDOW, quota=QUOTA, window=WINDOW, cost=QUOTA).allowed


def test_asking_costs_nothing():
    marks: list[Mark] = []
    assert take(marks, 1.0, quota=1, window=WINDOW, cost=0).allowed
    assert take(marks, 1.0, quota=1, window=WINDOW, cost=1).allowed
    refused = take(marks, 1.0, quota=1, window=WINDOW, cost=0)
    assert not refused.allowed
    assert refused.retry_after == WINDOW


def test_a_hit_that_costs_more_than_is_left_takes_nothing():
    marks: list[Mark] = []
    assert take(marks, 1.0, quota=5, window=WINDOW, cost=3).allowed
    assert not take(marks, 2.0, quota=5, window=WINDOW, cost=3).allowed
    assert take(marks, 3.0, quota=5, window=WINDOW, cost=2).allowed
