"""May they? One pure function over what is known, with its reasons (C13).

Access comes from grants alone. What a subscription adds is grace after a paid period, and a hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from verf.billing.states import SubscriptionState
from verf.billing.terms import Given, Terms

# The next payment of these is still on its way, so that grace means something.
MAY_STILL_PAY = frozenset({SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE})


class ReasonCode(StrEnum):
    """`data` of each reason is named here; sentences are made of them elsewhere."""

    GRANTED = "granted"  # source, plan, until
    IN_GRACE = "in_grace"  # source, plan, ended_at, until
    OVERRIDDEN = "overridden"  # because, until
    WITHIN_LIMIT = "within_limit"  # limit, used, wanted, resets_at
    OVER_SOFT_LIMIT = "over_soft_limit"  # the same
    LIMIT_REACHED = "limit_reached"  # the same
    ACCESS_HOLD = "access_hold"  # hold
    NOT_IN_PLAN = "not_in_plan"  # plan
    EXPIRED = "expired"  # source, plan, ended_at
    REVOKED = "revoked"  # source, plan, because, revoked_at
    NOT_STARTED = "not_started"  # source, plan, starts_at
    NO_GRANT = "no_grant"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    UNKNOWN_FEATURE = "unknown_feature"


@dataclass(frozen=True)
class Reason:
    code: ReasonCode
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GrantSeen:
    id: UUID
    source: str
    starts_at: datetime
    ends_at: datetime | None = None
    grace_until: datetime | None = None
    revoked_at: datetime | None = None
    revoked_because: str = ""
    subscription: UUID | None = None
    plan: str = ""
    gives: Mapping[str, Given] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SubscriptionSeen:
    id: UUID
    state: SubscriptionState
    cancel_at: datetime | None = None
    access_hold: str = ""


@dataclass(frozen=True, kw_only=True)
class UsageSeen:
    """`used` is done, `reserved` is under way. Of a number, `used` is how many there are."""

    used: int = 0
    reserved: int = 0
    resets_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Override:
    """Staff's word, above all grants and holds, until it runs out."""

    is_allowed: bool
    because: str
    # None: as much as the plan gives, and for who has no plan, `otherwise`.
    given: Given | None = None
    otherwise: Given | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Hint:
    """The smallest plan on offer that would allow it."""

    plan: str
    title: str
    limit: int | None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`limit` None: without limit, or not a matter of how many. `valid_until`: time alone may change it then."""

    feature: str
    allowed: bool
    reasons: tuple[Reason, ...]
    limit: int | None = None
    used: int = 0
    remaining: int | None = None
    is_hard: bool = True
    # What is given at best, when anything is.
    given: Given | None = None
    resets_at: datetime | None = None
    upgrade: Hint | None = None
    valid_until: datetime | None = None

    @property
    def because(self) -> ReasonCode:
        """The reason that decided."""
        return self.reasons[0].code


def decide(
    feature: str,
    *,
    grants: Sequence[GrantSeen],
    now: datetime,
    subscription: SubscriptionSeen | None = None,
    override: Override | None = None,
    usage: UsageSeen | None = None,
    wanted: int = 1,
    offers: Sequence[Terms] = (),
) -> Decision:
    """May `wanted` more of this feature be used now? With `wanted=0`: is there any access to it."""
    usage = usage or UsageSeen()
    given, reasons = _given(feature, grants, subscription, override, now)
    if not given:
        if not reasons and offers and not any(feature in offer.gives for offer in offers):
            reasons = (Reason(ReasonCode.UNKNOWN_FEATURE),)
        decision = Decision(feature=feature, allowed=False, reasons=reasons or _never(subscription))
    else:
        decision = _measured(feature, given, usage, wanted, reasons)
    hint = None if decision.allowed else _hint(feature, offers, given, usage.used + usage.reserved + wanted)
    return replace(decision, upgrade=hint, valid_until=_next_change(grants, override, now))


def _given(
    feature: str,
    grants: Sequence[GrantSeen],
    subscription: SubscriptionSeen | None,
    override: Override | None,
    now: datetime,
) -> tuple[Given | None, tuple[Reason, ...]]:
    """The best that is given, and why; or None, and why not."""
    seen = [(grant, _standing(grant, subscription, now)) for grant in grants]
    open_now = [(grant, reason) for grant, reason in seen if reason.code in {ReasonCode.GRANTED, ReasonCode.IN_GRACE}]
    giving = [(grant, reason) for grant, reason in open_now if feature in grant.gives]
    giving.sort(key=lambda pair: pair[0].gives[feature].rank, reverse=True)
    best = giving[0][0].gives[feature] if giving else None
    reasons = tuple(reason for _, reason in giving)
    if override and (override.until is None or now < override.until):
        word = Reason(ReasonCode.OVERRIDDEN, {"because": override.because, "until": override.until})
        return (override.given or best or override.otherwise or Given()) if override.is_allowed else None, (
            word,
            *reasons,
        )
    if subscription and subscription.access_hold:
        return None, (Reason(ReasonCode.ACCESS_HOLD, {"hold": subscription.access_hold}), *reasons)
    if best:
        return best, reasons
    if open_now:
        plans = [grant for grant, _ in open_now if grant.plan]
        plan = plans[0].plan if plans else ""
        return None, (Reason(ReasonCode.NOT_IN_PLAN, {"plan": plan}),)
    return None, _closed([(grant, reason) for grant, reason in seen if feature in grant.gives], subscription)


def _standing(grant: GrantSeen, subscription: SubscriptionSeen | None, now: datetime) -> Reason:
    data: dict[str, Any] = {"source": grant.source, "plan": grant.plan}
    if grant.revoked_at and grant.revoked_at <= now:
        return Reason(ReasonCode.REVOKED, {**data, "because": grant.revoked_because, "revoked_at": grant.revoked_at})
    if now < grant.starts_at:
        return Reason(ReasonCode.NOT_STARTED, {**data, "starts_at": grant.starts_at})
    if grant.ends_at is None or now < grant.ends_at:
        return Reason(ReasonCode.GRANTED, {**data, "until": grant.ends_at})
    if grant.grace_until and now < grant.grace_until and _may_still_pay(grant, subscription):
        return Reason(ReasonCode.IN_GRACE, {**data, "ended_at": grant.ends_at, "until": grant.grace_until})
    return Reason(ReasonCode.EXPIRED, {**data, "ended_at": grant.ends_at})


def _may_still_pay(grant: GrantSeen, subscription: SubscriptionSeen | None) -> bool:
    return (
        subscription is not None
        and subscription.id == grant.subscription
        and subscription.state in MAY_STILL_PAY
        and subscription.cancel_at is None
    )


def _closed(seen: Sequence[tuple[GrantSeen, Reason]], subscription: SubscriptionSeen | None) -> tuple[Reason, ...]:
    """Nothing is open: what comes soon, or what went last and what the subscription has to do with it."""
    coming = sorted((grant.starts_at, grant.id, why) for grant, why in seen if why.code is ReasonCode.NOT_STARTED)
    if coming:
        return (coming[0][-1],)
    gone = sorted(((_gone_at(grant), grant.id, why) for grant, why in seen), reverse=True)
    if not gone:
        return ()
    return (gone[0][-1], *_trouble(subscription))


def _gone_at(grant: GrantSeen) -> datetime:
    moments = [moment for moment in (grant.revoked_at, grant.ends_at) if moment]
    return min(moments)


def _never(subscription: SubscriptionSeen | None) -> tuple[Reason, ...]:
    return (Reason(ReasonCode.NO_GRANT), *_trouble(subscription))


def _trouble(subscription: SubscriptionSeen | None) -> tuple[Reason, ...]:
    """What to mend first, before anybody thinks of buying again."""
    if subscription and subscription.state is SubscriptionState.PAST_DUE:
        return (Reason(ReasonCode.PAST_DUE),)
    if subscription and subscription.state is SubscriptionState.SUSPENDED:
        return (Reason(ReasonCode.SUSPENDED),)
    return ()


def _measured(feature: str, given: Given, usage: UsageSeen, wanted: int, reasons: tuple[Reason, ...]) -> Decision:
    taken = usage.used + usage.reserved
    resets_at = usage.resets_at if given.kind == "quota" else None
    decision = Decision(
        feature=feature,
        allowed=True,
        reasons=reasons,
        limit=given.amount,
        used=usage.used,
        is_hard=given.is_hard,
        given=given,
        resets_at=resets_at,
    )
    if not given.counts or given.amount is None:
        return decision
    fits = taken + wanted <= given.amount
    code = ReasonCode.WITHIN_LIMIT
    if not fits:
        code = ReasonCode.LIMIT_REACHED if given.is_hard else ReasonCode.OVER_SOFT_LIMIT
    data = {"limit": given.amount, "used": taken, "wanted": wanted, "resets_at": resets_at}
    counted = Reason(code, data)
    allowed = code is not ReasonCode.LIMIT_REACHED
    return replace(
        decision,
        allowed=allowed,
        reasons=(*reasons, counted) if allowed else (counted, *reasons),
        remaining=max(0, given.amount - taken),
    )


def _hint(feature: str, offers: Sequence[Terms], given: Given | None, needed: int) -> Hint | None:
    for offer in sorted(offers, key=lambda offer: offer.rank):
        better = offer.gives.get(feature)
        if not better or (given and better.rank <= given.rank):
            continue
        if not better.counts or better.amount is None or better.amount >= needed:
            return Hint(plan=offer.plan, title=offer.title, limit=better.amount)
    return None


def _next_change(grants: Sequence[GrantSeen], override: Override | None, now: datetime) -> datetime | None:
    moments = [moment for grant in grants for moment in _moments_of(grant)]
    moments.append(override.until if override else None)
    return min((moment for moment in moments if moment and moment > now), default=None)


def _moments_of(grant: GrantSeen) -> tuple[datetime | None, ...]:
    return (grant.starts_at, grant.ends_at, grant.grace_until, grant.revoked_at)
