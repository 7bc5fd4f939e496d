"""The door to access: what an organisation may do in a product, asked by every page, call and job."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.access import Access, access_of
from verf.billing.catalogue import catalogue
from verf.billing.decisions import Decision, ReasonCode, UsageSeen, decide
from verf.billing.sentences import sentence_of, what_to_do
from verf.billing.terms import Terms
from verf.errors import PaymentRequired
from verf.kit import now
from verf.settings import House, load


@dataclass(frozen=True)
class Entitlements:
    """Asked at once or a minute later, it tells the truth of the moment; a change by others needs a new one."""

    access: Access
    offers: tuple[Terms, ...]

    def decide(self, feature: str, *, used: int = 0, wanted: int = 1, usage: UsageSeen | None = None) -> Decision:
        """`used` is how many there are, of a number; the quotas' use is in their windows: see consume."""
        return decide(
            feature,
            grants=self.access.grants,
            now=now(),
            subscription=self.access.subscription,
            override=self.access.overrides.get(feature),
            usage=usage or UsageSeen(used=used),
            wanted=wanted,
            offers=self.offers,
        )

    def limit(self, feature: str) -> int | None:
        """How much is given at best; None is without limit. Ask `has` first."""
        return self.decide(feature, wanted=0).limit

    def has(self, feature: str) -> bool:
        return self.decide(feature, wanted=0).allowed

    @property
    def is_open(self) -> bool:
        """Whether anything of the product is given now."""
        return any(self.has(feature) for feature in self._features)

    @property
    def has_ever(self) -> bool:
        """Whether there was ever a trial, a payment or a gift."""
        return bool(self.access.grants)

    @property
    def plan(self) -> Terms | None:
        """The highest plan that is open now."""
        open_now = {
            str(reason.data.get("plan"))
            for feature in self._features
            for reason in self.decide(feature, wanted=0).reasons
            if reason.code in (ReasonCode.GRANTED, ReasonCode.IN_GRACE)
        }
        return max(
            (offer for offer in self.offers if offer.plan in open_now), key=lambda offer: offer.rank, default=None
        )

    @property
    def _features(self) -> set[str]:
        given = {feature for grant in self.access.grants for feature in grant.gives}
        return given | {feature for offer in self.offers for feature in offer.gives}


async def entitlements(organisation: UUID, product: str, session: AsyncSession | None = None) -> Entitlements:
    """No query when they are known; right within a second of a change in any process."""
    prices = await catalogue(session)
    return Entitlements(await access_of(organisation, product, session), tuple(prices.terms(product)))


async def allows(organisation: UUID, product: str, feature: str, *, used: int = 0, wanted: int = 1) -> Decision:
    return (await entitlements(organisation, product)).decide(feature, used=used, wanted=wanted)


async def demand(organisation: UUID, product: str, feature: str, *, used: int = 0, wanted: int = 1) -> Decision:
    """The decision, or PaymentRequired (402) with what to do."""
    decision = await allows(organisation, product, feature, used=used, wanted=wanted)
    if not decision.allowed:
        raise refusal(decision, product)
    return decision


def refusal(decision: Decision, product: str) -> PaymentRequired:
    """Why not, and what to do, in the reader's language; the same for programs."""
    said = " ".join(part for part in (sentence_of(decision.reasons[0]), what_to_do(decision)) if part)
    return PaymentRequired(said, extra=facts_of(decision, product))


def facts_of(decision: Decision, product: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "feature": decision.feature,
        "reasons": [{"code": str(reason.code), **_plain(reason.data)} for reason in decision.reasons],
        "limit": decision.limit,
        "upgrade": decision.upgrade.plan if decision.upgrade else None,
        "plans_url": plans_url(product),
    }
    if decision.resets_at:
        facts["resets_at"] = decision.resets_at.isoformat()
    return facts


def plans_url(product: str) -> str:
    return f"{load(House).url}/billing?product={product}"


def _plain(data: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in data.items()
        if value is not None
    }
