"""A trial without a card: at the first use, once per person, whoever asks and however often."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from books import an_organisation
from shop import LARGE, SHOP, shop
from sqlalchemy import select

from verf.billing import allows, begin_trial, configure, entitlements, first_use
from verf.billing.decisions import ReasonCode
from verf.billing.models import Grant, Subscription, SubscriptionEvent, TrialClaim
from verf.billing.states import Engine, SubscriptionState
from verf.billing.trials import unaliased
from verf.database import transaction
from verf.jobs import heard_only_by
from verf.kit import advance, new_id, now, set_offset


@pytest.fixture
async def shopping(database):
    configure([SHOP])
    with heard_only_by("verf.billing", "verf.notifications", "verf.organisations", "verf.identity"):
        yield
    configure([])
    set_offset(timedelta())


async def begin(organisation: UUID, person: UUID | None = None) -> bool:
    async with transaction(organisation=organisation) as session:
        return await begin_trial(session, organisation, "shop", person=person)


async def rows(table) -> list:
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(table)))


async def test_the_first_use_opens_the_plan_for_its_trial_days(shopping):
    organisation, person = await an_organisation("anna@example.com")
    assert (await allows(organisation, "shop", "calls")).because is ReasonCode.NO_GRANT
    assert await begin(organisation, person)
    assert (await allows(organisation, "shop", "calls")).allowed
    [subscription] = await rows(Subscription)
    assert (subscription.provider, subscription.engine) == ("house", Engine.OWN)
    assert subscription.state == SubscriptionState.TRIALING
    assert subscription.trial_end - subscription.anchor_at == timedelta(days=14)
    [grant] = await rows(Grant)
    assert (grant.source, grant.ends_at, grant.grace_until) == ("trial", subscription.trial_end, None)
    [line] = await rows(SubscriptionEvent)
    assert (line.cause, line.to_state) == ("trial started", "trialing")


async def test_it_ends_by_itself_after_the_days(shopping):
    organisation, person = await an_organisation("anna@example.com")
    await begin(organisation, person)
    advance(timedelta(days=14))
    assert (await allows(organisation, "shop", "calls")).because is ReasonCode.EXPIRED
    assert not await begin(organisation, person)
    assert (await entitlements(organisation, "shop")).has_ever


async def test_asking_again_and_all_at_once_begins_one(shopping):
    organisation, person = await an_organisation("anna@example.com")
    assert sorted(await asyncio.gather(*(begin(organisation, person) for _ in range(10)))) == [*[False] * 9, True]
    assert len(await rows(Subscription)) == 1


async def test_a_job_asks_for_the_first_owner(shopping):
    organisation, _ = await an_organisation("anna@example.com")
    assert await begin(organisation)


async def test_another_spelling_of_the_mailbox_is_the_same_person(shopping):
    first, person = await an_organisation("anna@example.com")
    assert await begin(first, person)
    second, other = await an_organisation("anna+2@example.com")
    assert not await begin(second, other)
    assert len(await rows(Subscription)) == 1


async def test_the_same_person_with_another_organisation_gets_none_and_claims_nothing(shopping):
    first, person = await an_organisation("anna@example.com")
    await begin(first, person)
    claims = len(await rows(TrialClaim))
    second, _ = await an_organisation("boris@example.com")
    assert not await begin(second, person)
    assert len(await rows(TrialClaim)) == claims
    # Boris himself has not had one.
    assert await begin(second)


async def test_a_claim_names_nobody(shopping):
    organisation, person = await an_organisation("anna@example.com")
    await begin(organisation, person)
    claims = await rows(TrialClaim)
    assert {claim.kind for claim in claims} == {"account", "mail", "organisation"}
    for claim in claims:
        assert b"anna" not in claim.hash
        assert person.bytes not in claim.hash


async def test_who_has_had_access_before_needs_no_trial(shopping):
    organisation, person = await an_organisation("anna@example.com")
    async with transaction(organisation=organisation) as session:
        row = Grant(
            organisation_id=organisation,
            product="shop",
            source="staff",
            source_ref="gift",
            feature="export",
            starts_at=now() - timedelta(days=9),
            ends_at=now() - timedelta(days=8),
        )
        session.add(row)
    assert not await begin(organisation, person)


async def test_a_product_without_a_trial_gives_none(shopping):
    configure([shop(LARGE)])
    organisation, person = await an_organisation("anna@example.com")
    assert not await begin(organisation, person)


async def use(organisation: UUID, person: UUID | None = None):
    async with transaction(organisation=organisation) as session:
        return await first_use(session, organisation, "shop", person=person)


async def test_the_first_use_is_answered_with_what_the_trial_gives(shopping):
    organisation, person = await an_organisation("anna@example.com")
    # Known to have nothing: the answer must not come from memory.
    assert not (await entitlements(organisation, "shop")).is_open
    known = await use(organisation, person)
    assert known.plan
    assert (known.plan.plan, known.limit("calls")) == ("small", 10)
    assert (await use(organisation, person)).is_open
    other, _ = await an_organisation("boris@example.com")
    assert not (await use(other, person)).is_open


async def test_an_organisation_without_owners_has_nobody_to_try(shopping):
    assert not await begin(new_id())


@pytest.mark.parametrize(
    "written, meant",
    [
        ("Anna@Example.com", "anna@example.com"),
        ("anna+shop@example.com", "anna@example.com"),
        ("an.na+1@gmail.com", "anna@gmail.com"),
        ("an.na@googlemail.com", "anna@gmail.com"),
        ("an.na@example.com", "an.na@example.com"),
    ],
)
def test_a_mailbox_has_one_spelling(written, meant):
    assert unaliased(written) == meant
