from datetime import timedelta
from uuid import uuid4

import pytest

from verf.identity.refresh_tokens import Decision, decide, read, write

KEY = b"k" * 32


def what(behind, *, seconds=3600, same_device=False):
    return decide(
        behind,
        since_refresh=timedelta(seconds=seconds),
        reuse_interval=timedelta(seconds=10),
        same_device=same_device,
    )


def test_a_token_names_its_session_and_generation():
    session = uuid4()
    token = read(write(session, 7, KEY))
    assert (token.session, token.counter) == (session, 7)
    assert token.signed_by(KEY)
    assert not token.signed_by(b"x" * 32)


@pytest.mark.parametrize(
    "text",
    ["", "x", "ü", "a.b.c", "A" * 76, write(uuid4(), 1, KEY)[:-1], write(uuid4(), 1, KEY) + "A"],
    # Every worker of a test run must see the same names.
    ids=["empty", "short", "not ascii", "a JWT", "letters", "cut", "longer"],
)
def test_a_token_cut_short_or_changed_is_none_at_all(text):
    assert read(text) is None


def test_one_changed_letter_is_noticed():
    token = write(uuid4(), 1, KEY)
    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        found = read(changed)
        assert found is None or not found.signed_by(KEY)


def test_the_current_token_advances():
    assert what(0) is Decision.ADVANCE


def test_a_token_from_the_future_is_refused():
    assert what(-1) is Decision.REJECT
    assert what(-1, seconds=1, same_device=True) is Decision.REJECT


def test_losers_of_a_race_get_the_current_token():
    assert what(1, seconds=10) is Decision.REPEAT
    assert what(2, seconds=10) is Decision.REPEAT
    assert what(9, seconds=-1) is Decision.REPEAT


def test_a_late_previous_token_counts_from_the_same_browser_only():
    assert what(1, same_device=True) is Decision.REPEAT
    assert what(1) is Decision.DESTROY


def test_a_token_spent_long_ago_ends_the_session():
    assert what(2) is Decision.DESTROY
    assert what(2, same_device=True) is Decision.DESTROY
