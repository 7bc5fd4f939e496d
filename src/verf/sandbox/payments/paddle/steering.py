"""Canceling, pausing and resuming, as the seller asks for it."""

from verf.kit import now
from verf.sandbox.payments.paddle.errors import Refused
from verf.sandbox.payments.paddle.subscriptions import end, schedule, start_again, stop
from verf.sandbox.payments.paddle.world import World, read, written
from verf.sandbox.payments.store import Document

CHAPTER = "subscriptions"


def cancel(world: World, identity: str, given: Document) -> Document:
    subscription = _living(world, identity)
    at_once = given.get("effective_from") == "immediately" or subscription["status"] == "paused"
    _has_nothing_planned(subscription)
    if at_once:
        end(world, subscription, now())
    else:
        until = subscription["current_billing_period"]["ends_at"]
        schedule(world, subscription, {"action": "cancel", "effective_at": until, "resume_at": None})
    return subscription


def pause(world: World, identity: str, given: Document) -> Document:
    subscription = _living(world, identity)
    _has_nothing_planned(subscription)
    if subscription["status"] not in {"active", "past_due"}:
        raise Refused(400, "subscription_cannot_be_paused", "only active subscriptions are paused", where=CHAPTER)
    resume_at = written(read(given["resume_at"])) if given.get("resume_at") else None
    if given.get("effective_from") == "immediately":
        stop(world, subscription, now(), resume_at=resume_at)
    else:
        until = subscription["current_billing_period"]["ends_at"]
        schedule(world, subscription, {"action": "pause", "effective_at": until, "resume_at": resume_at})
    return subscription


def resume(world: World, identity: str, given: Document) -> Document:
    subscription, at = _living(world, identity), now()
    if subscription["status"] != "paused":
        raise Refused(400, "subscription_cannot_be_resumed", "only paused subscriptions are resumed", where=CHAPTER)
    when = given.get("effective_from", "immediately")
    if when != "immediately":
        schedule(world, subscription, {"action": "resume", "effective_at": written(read(when)), "resume_at": None})
        return subscription
    continues = given.get("on_resume") == "continue_existing_billing_period"
    if continues:
        _has_time_left(subscription, written(at))
    start_again(world, subscription, at, continues=continues)
    return subscription


def _living(world: World, identity: str) -> Document:
    subscription = world.find("subscription", identity)
    if subscription["status"] == "canceled":
        raise Refused(
            400,
            "subscription_is_canceled_action_invalid",
            "the subscription is canceled already",
            where=CHAPTER,
        )
    return subscription


def _has_nothing_planned(subscription: Document) -> None:
    if subscription["scheduled_change"]:
        raise Refused(
            400,
            "subscription_locked_pending_changes",
            "cannot update subscription, pending scheduled changes",
            where=CHAPTER,
        )


def _has_time_left(subscription: Document, at: str) -> None:
    period = subscription["current_billing_period"]
    if period is None:
        raise Refused(
            400,
            "subscription_continuing_existing_billing_period_not_allowed_no_billing_period",
            "Subscription has no current billing period, so it cannot be continued.",
            where=CHAPTER,
        )
    if period["ends_at"] <= at:
        raise Refused(
            400,
            "subscription_continuing_existing_billing_period_not_allowed",
            "Subscription existing billing period has ended, so it cannot be continued.",
            where=CHAPTER,
        )
