import base64
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock.connections import warning_due
from stock.wildberries import TokenKind, decode, judge, moscow_moment
from stock.wildberries.rows import minor, whole
from verf.errors import Invalid

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = 2 + 4 + 8 + 16 + 32 + 1024


def token(**claims):
    said = {"s": ALL + 2**30, "sid": "e8923014", "exp": int(NOW.timestamp()) + 86_400 * 90, "acc": 4, "t": False}
    payload = base64.urlsafe_b64encode(orjson.dumps(said | claims)).decode().rstrip("=")
    return f"eyJhbGciOiJFUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def test_a_service_token_is_welcome():
    known = decode(token())
    assert (known.kind, known.read_only, known.scopes) == (TokenKind.SERVICE, True, (1, 2, 3, 4, 5, 10))
    assert judge(known, NOW).refusals == judge(known, NOW).warnings == ()


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"acc": 3}, "personal"),
        ({"acc": 2}, "test token"),
        ({"t": True}, "test token"),
        ({"exp": int(NOW.timestamp()) - 1}, "expired"),
        ({"s": 2 + 4 + 8 + 16 + 2**30}, "Statistics"),
        ({"acc": 9}, "do not know"),
    ],
)
def test_every_refusal_says_why(claims, word):
    assert word in " ".join(judge(decode(token(**claims)), NOW).refusals)


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"s": ALL}, "change your shop"),
        ({"acc": 1}, "base token"),
        ({"exp": int(NOW.timestamp()) + 86_400}, "ends soon"),
    ],
)
def test_every_warning_says_why(claims, word):
    verdict = judge(decode(token(**claims)), NOW)
    assert verdict.refusals == ()
    assert word in " ".join(verdict.warnings)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with suppress(Invalid):
        decode(text)


@given(
    st.dictionaries(
        st.sampled_from(["s", "sid", "exp", "acc", "t", "for"]), st.integers(-(2**60), 2**60) | st.text() | st.none()
    )
)
def test_any_claims_are_read_or_refused(claims):
    with suppress(Invalid):
        judge(decode(token(**claims)), NOW)


def test_three_warnings_and_no_more():
    expires = NOW + timedelta(days=40)
    warned, said = None, []
    for day in range(45):
        due = warning_due(expires, warned, NOW + timedelta(days=day))
        if due is not None:
            warned = due
            said.append((day, due))
    assert said == [(10, 30), (33, 7), (39, 1)]


def test_moments_are_moscow_unless_they_say_otherwise():
    assert moscow_moment("2022-03-04T18:08:31") == datetime(2022, 3, 4, 15, 8, 31, tzinfo=UTC)
    assert moscow_moment("2022-03-04T18:08:31Z") == datetime(2022, 3, 4, 18, 8, 31, tzinfo=UTC)
    assert moscow_moment("2022-03-04T18:08:31.5+03:00") == datetime(2022, 3, 4, 15, 8, 31, 500_000, tzinfo=UTC)
    assert moscow_moment("0001-01-01T00:00:00") is None
    assert moscow_moment("nonsense") is None


@given(st.integers() | st.floats() | st.text() | st.none() | st.booleans())
def test_numbers_are_read_with_patience(value):
    assert isinstance(whole(value), int)
    assert isinstance(minor(value), int)


def test_roubles_become_kopecks():
    assert [minor(value) for value in (1284.01, "1284.01", 350, None, True)] == [128401, 128401, 35000, 0, 0]
