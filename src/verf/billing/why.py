"""Why somebody may or may not do something: the whole decision, for whoever has to explain it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.decisions import Decision, UsageSeen
from verf.billing.declarations import entitlements_of, products
from verf.billing.entitling import Entitlements, entitlements
from verf.billing.sentences import sentence_of, what_to_do
from verf.billing.usage_report import usage_of
from verf.database import transaction
from verf.errors import NotFound
from verf.identity import find_person, normalise
from verf.organisations import memberships_of, organisation_of
from verf.web import _


class FeatureUnknown(NotFound):
    """No product declares it."""


class NobodyFound(NotFound):
    """Nobody has this address, or they belong to no organisation."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    organisation: UUID
    name: str
    product: str
    feature: str
    title: str
    decision: Decision
    known: Entitlements

    @property
    def sentences(self) -> list[str]:
        return [sentence_of(reason) for reason in self.decision.reasons]

    @property
    def advice(self) -> str:
        return what_to_do(self.decision)

    def as_lines(self) -> list[str]:
        """For the terminal: verdict, reasons, numbers, and everything that was looked at."""
        decision, access = self.decision, self.known.access
        verdict = "yes" if decision.allowed else "no"
        lines = [f"{self.name}, {self.product}: {self.title} ({self.feature})?  {verdict}", ""]
        lines += [f"  because  {sentence}" for sentence in self.sentences]
        lines += [f"  advice   {self.advice}"] if self.advice else []
        lines += [f"  limit    {_number(decision.limit)}, used {decision.used}, left {_number(decision.remaining)}"]
        lines += [f"  anew     {decision.resets_at:%Y-%m-%d %H:%M} UTC"] if decision.resets_at else []
        lines += [f"  holds    until {decision.valid_until:%Y-%m-%d %H:%M} UTC"] if decision.valid_until else []
        lines += ["", "  looked at"]
        if access.subscription:
            seen = access.subscription
            more = f"  cancelled for {seen.cancel_at:%Y-%m-%d}" if seen.cancel_at else ""
            more += f"  on hold: {seen.access_hold}" if seen.access_hold else ""
            lines += [f"    subscription {seen.id}  {seen.state}{more}"]
        for grant in access.grants:
            span = f"{grant.starts_at:%Y-%m-%d} – {grant.ends_at.strftime('%Y-%m-%d') if grant.ends_at else 'open'}"
            taken = f"  revoked: {grant.revoked_because}" if grant.revoked_at else ""
            lines += [f"    grant {grant.id}  {grant.source}  {grant.plan or ', '.join(grant.gives)}  {span}{taken}"]
        for feature, word in access.overrides.items():
            lines += [f"    staff's word on {feature}: {'yes' if word.is_allowed else 'no'}, {word.because}"]
        return lines


async def explain(session: AsyncSession, organisation: UUID, product: str, feature: str) -> Explanation:
    """As the house decides it at this moment, with what is used."""
    declared = entitlements_of(product).get(feature)
    if declared is None:
        raise FeatureUnknown(_("%(product)s has no feature of this name.", product=product))
    known = await entitlements(organisation, product)
    uses = {use.feature: use for use in await usage_of(session, organisation, product)}
    use = uses[feature]
    usage = UsageSeen(used=use.used or 0, reserved=use.reserved, resets_at=use.resets_at)
    name = (await organisation_of(session, organisation)).name
    return Explanation(
        organisation=organisation,
        name=name,
        product=product,
        feature=feature,
        title=declared.title,
        decision=known.decide(feature, usage=usage),
        known=known,
    )


async def organisations_of(session: AsyncSession, address: str) -> list[Any]:
    """Where a person works. Needs a transaction without a scope, or the system's."""
    person = await find_person(session, normalise(address))
    found = await memberships_of(session, person.id) if person else []
    if not found:
        raise NobodyFound(_("Nobody of an organisation has the address %(address)s.", address=address))
    return found


def product_with(feature: str) -> str:
    """The product that declares it; "stock:calls" names both."""
    product, _separator, name = feature.rpartition(":")
    for declared in products():
        if product in ("", declared.name) and any(each.feature == name for each in declared.entitlements):
            return declared.name
    raise FeatureUnknown(_("No product has a feature called %(feature)s.", feature=feature))


def _number(value: int | None) -> str:
    return "without limit" if value is None else str(value)


async def reasons_for(address: str, feature: str) -> list[str]:
    """For the terminal: the decision in each organisation where the person works."""
    product = product_with(feature)
    async with transaction() as session:
        places = await organisations_of(session, address)
    lines: list[str] = []
    for place in places:
        async with transaction(organisation=place.organisation) as session:
            told = await explain(session, place.organisation, product, feature.rpartition(":")[2])
        lines += [*told.as_lines(), ""]
    return lines[:-1]
