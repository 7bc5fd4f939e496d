"""What two accounts of one payment differ in, and what that is called. Pure."""

from dataclasses import replace
from datetime import UTC, datetime

from verf.billing.differences import Ours, compare, missing, twice_paid
from verf.billing.providers.pictures import Dispute, Payment, Refund
from verf.billing.states import DisputeState, PaymentState, RefundState
from verf.kit import Money, new_id

AT = datetime(2026, 3, 1, tzinfo=UTC)
THEIRS = Payment(ref="p1", state=PaymentState.PAID, money=Money(2990, "USD"), occurred_at=AT)
OURS = Ours(id=new_id(), organisation=new_id(), ref="p1", state="paid", amount=2990, currency="USD")
BACK = Refund(ref="r1", state=RefundState.DONE, money=Money(990, "USD"), occurred_at=AT)


def kinds(theirs, ours, *, is_ordered=True):
    return [each.kind for each in compare(theirs, ours, is_ordered=is_ordered)]


def test_what_agrees_differs_in_nothing():
    assert kinds(THEIRS, OURS) == []


def test_a_payment_we_have_not_heard_of_is_a_lost_webhook_if_we_ordered_it():
    assert kinds(THEIRS, None) == ["lost_webhook"]
    assert kinds(THEIRS, replace(OURS, state="pending")) == ["lost_webhook"]
    assert kinds(THEIRS, None, is_ordered=False) == ["unknown_payment"]


def test_what_nobody_paid_is_no_difference():
    for state in (PaymentState.FAILED, PaymentState.VOID, PaymentState.PENDING):
        assert kinds(replace(THEIRS, state=state), None) == []


def test_another_sum_or_currency_is_never_repaired_by_itself():
    [found] = compare(replace(THEIRS, money=Money(2991, "USD")), OURS, is_ordered=True)
    assert (found.kind, found.is_safe) == ("amount_differs", False)
    assert kinds(replace(THEIRS, money=Money(2990, "EUR")), OURS) == ["amount_differs"]


def test_a_refund_that_is_not_ours_was_made_in_their_cabinet():
    theirs = replace(THEIRS, refunds=(BACK,))
    assert kinds(theirs, OURS) == ["refund_elsewhere"]
    assert kinds(theirs, replace(OURS, refunds={"r1": "pending"})) == ["lost_webhook"]
    assert kinds(theirs, replace(OURS, refunds={"r1": "done"}, returned=990)) == []
    assert kinds(replace(THEIRS, refunds=(replace(BACK, state=RefundState.FAILED),)), OURS) == []


def test_a_refund_of_ours_that_they_do_not_know_is_a_difference_of_sums():
    assert kinds(THEIRS, replace(OURS, refunds={"r1": "done"}, returned=990)) == ["amount_differs"]


def test_a_dispute_we_do_not_know_of_is_a_lost_webhook():
    theirs = replace(
        THEIRS,
        disputes=(Dispute(ref="d1", state=DisputeState.OPEN, money=THEIRS.money, occurred_at=AT),),
    )
    assert kinds(theirs, OURS) == ["lost_webhook"]
    assert kinds(theirs, replace(OURS, disputes={"d1": "open"})) == []


def test_an_order_that_was_paid_twice_is_a_duplicate_until_the_second_went_back():
    order = new_id()
    first, second = replace(THEIRS, order=order), replace(THEIRS, ref="p2", order=order)
    assert [(each.kind, each.subject) for each in twice_paid([first, second])] == [("duplicate", "payment:p2")]
    whole = replace(BACK, money=second.money)
    assert twice_paid([first, replace(second, refunds=(whole,))]) == []
    assert twice_paid([first, replace(second, order=new_id())]) == []


def test_what_they_do_not_know_is_told_with_what_we_hold():
    found = missing(OURS)
    assert (found.kind, found.subject, found.ours["amount"]) == ("missing_there", "payment:p1", 2990)
