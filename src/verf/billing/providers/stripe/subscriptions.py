"""A subscription of Stripe as ours."""

from datetime import datetime

import stripe

from verf.billing.providers.pictures import Method, Subscription
from verf.billing.providers.stripe.events import ref_of
from verf.billing.providers.stripe.methods import method_of
from verf.billing.providers.stripe.payments import moment, order_of
from verf.billing.states import SubscriptionState

STATES = {
    "incomplete": SubscriptionState.INCOMPLETE,
    "incomplete_expired": SubscriptionState.ENDED,
    "trialing": SubscriptionState.TRIALING,
    "active": SubscriptionState.ACTIVE,
    "past_due": SubscriptionState.PAST_DUE,
    "unpaid": SubscriptionState.SUSPENDED,
    "paused": SubscriptionState.SUSPENDED,
    "canceled": SubscriptionState.ENDED,
}
# Stripe calls a subscription whose collection is paused active.
SUSPENDED_BY_PAUSE = (SubscriptionState.ACTIVE, SubscriptionState.TRIALING, SubscriptionState.PAST_DUE)


def subscription_of(subscription: stripe.Subscription) -> Subscription:
    state = STATES.get(subscription.status, SubscriptionState.SUSPENDED)
    is_put_off = _is_put_off(subscription)
    if is_put_off:
        state = SubscriptionState.ACTIVE
    pause = subscription.pause_collection
    if pause is not None and state in SUSPENDED_BY_PAUSE:
        state = SubscriptionState.SUSPENDED
    item = licensed_item(subscription)
    return Subscription(
        ref=subscription.id,
        state=state,
        price=item.price.id,
        currency=subscription.currency.upper(),
        created_at=moment(subscription.created),
        quantity=item.quantity or 1,
        period_start=moment(min(each.current_period_start for each in subscription.items.data)),
        period_end=moment(max(each.current_period_end for each in subscription.items.data)),
        trial_end=None if is_put_off else _moment_or_none(subscription.trial_end),
        cancel_at=_cancel_at(subscription) if state is not SubscriptionState.ENDED else None,
        ended_at=_moment_or_none(subscription.ended_at),
        is_paused=state is not SubscriptionState.ENDED and (pause is not None or subscription.status == "paused"),
        paused_at=_paused_at(subscription),
        resumes_at=_moment_or_none(pause.resumes_at) if pause is not None else None,
        pending_price=_pending_price(subscription, item.price.id),
        order=order_of(subscription.metadata),
        method=_method(subscription),
    )


def _is_put_off(subscription: stripe.Subscription) -> bool:
    """A trial that began later than the subscription: days given to somebody who pays, and is no beginner."""
    start = subscription.trial_start
    return subscription.status == "trialing" and start is not None and start > subscription.start_date


def licensed_item(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    """The item that is paid beforehand; metered ones only add to it."""
    items = subscription.items.data
    licensed = [each for each in items if not each.price.recurring or each.price.recurring.usage_type == "licensed"]
    return (licensed or items)[0]


def _cancel_at(subscription: stripe.Subscription) -> datetime | None:
    """Stripe says both of an end with the period; the flag alone in versions before."""
    end = max(each.current_period_end for each in subscription.items.data)
    at = subscription.cancel_at or (end if subscription.cancel_at_period_end else None)
    return _moment_or_none(at)


def _paused_at(subscription: stripe.Subscription) -> datetime | None:
    details = getattr(subscription, "status_details", None)
    paused = getattr(details, "paused", None) if details is not None else None
    return moment(paused.transitioned_at) if subscription.status == "paused" and paused is not None else None


def _pending_price(subscription: stripe.Subscription, current: str) -> str:
    """The price of the schedule's next phase, when it is another one."""
    schedule = subscription.schedule
    if not isinstance(schedule, stripe.SubscriptionSchedule) or schedule.current_phase is None:
        return ""
    ahead = [phase for phase in schedule.phases if phase.start_date >= schedule.current_phase.end_date]
    following = ref_of(ahead[0].items[0].price) if ahead and ahead[0].items else ""
    return following if following != current else ""


def _method(subscription: stripe.Subscription) -> Method | None:
    own = method_of(subscription.default_payment_method)
    customer = subscription.customer
    if own is not None or not isinstance(customer, stripe.Customer) or customer.invoice_settings is None:
        return own
    return method_of(customer.invoice_settings.default_payment_method)


def _moment_or_none(seconds: int | None) -> datetime | None:
    return moment(seconds) if seconds else None
