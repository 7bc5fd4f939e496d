"""The diary reads in the order of time, and sums up."""

from datetime import UTC, datetime, timedelta

from verf.app import Chronicle
from verf.app.time_machine import Mail
from verf.billing import Line
from verf.cli.clock import as_document, entries_of, summary
from verf.kit import Money, new_id

AT = datetime(2030, 1, 15, 9, tzinfo=UTC)
ANNA = new_id()


def lived(*lines, mails=()):
    return Chronicle(since=AT, until=AT + timedelta(days=1), mails=[*mails], lines=[*lines], names={ANNA: "Anna & Co"})


def line(kind, text, *, after=0, money=None):
    return Line(at=AT + timedelta(minutes=after), kind=kind, organisation=ANNA, text=text, money=money)


def test_money_comes_before_what_follows_from_it_in_the_same_minute():
    mail = Mail(at=AT + timedelta(seconds=1), to="anna@example.com", subject="Your receipt")
    told = lived(
        line("access", "Pro given"),
        line("subscription", "active", after=5),
        line("charge", "paid", money=Money(2990, "USD")),
        mails=[mail],
    )
    assert [each.kind for each in entries_of(told)] == ["charge", "access", "mail", "subscription"]
    assert [each.who for each in entries_of(told)] == ["Anna & Co", "Anna & Co", "anna@example.com", "Anna & Co"]


def test_the_sums_are_told_in_each_currency():
    told = lived(
        line("charge", "paid", money=Money(2990, "USD")),
        line("charge", "paid", money=Money(990, "USD")),
        line("charge", "paid", money=Money(89000, "RUB")),
    )
    assert [*summary(told)] == ["3 charges (39.80 USD, 890.00 RUB)", "0 mails"]


def test_a_quiet_time_is_said_to_be_one():
    assert [*summary(lived())] == ["Nothing happened"]
    assert as_document(lived())["entries"] == []
