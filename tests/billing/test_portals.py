"""The provider's own page shows an organisation what is theirs, and nothing of others."""

from urllib.parse import parse_qs, urlsplit

import pytest
from lives import DAY, payments, rows, somebody

from verf.billing.checkouts import Buyer, start_checkout
from verf.billing.models import Subscription
from verf.billing.portals import open_portal


async def buy_as(harbour, member, email, provider):
    """Paid by somebody with this address, whoever's organisation it is for."""
    buyer = Buyer(organisation=member.organisation, person=member.person, email=email)
    opened = await start_checkout(buyer, await harbour.price("pro"), through=provider)
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    await harbour.settle()


async def subscription_of(member):
    [row] = [
        each
        for each in await rows(Subscription)
        if each.organisation_id == member.organisation and each.provider != "house"
    ]
    return row


@pytest.fixture
async def neighbours(harbour):
    """Two organisations whose bills one accountant pays through Paddle, which knows one customer for her address."""
    anna, boris = await somebody(harbour), await somebody(harbour, "Boris")
    for member in (anna, boris):
        await buy_as(harbour, member, "accountant@example.com", "paddle")
    ours, theirs = await subscription_of(anna), await subscription_of(boris)
    assert ours.customer == theirs.customer
    return anna, boris


async def transaction_at(harbour, url):
    [named] = parse_qs(urlsplit(url).query)["_ptxn"]
    return harbour.simulators["paddle"].world.find("transaction", named)


async def test_who_shares_a_customer_sees_no_subscription_of_the_other(harbour, neighbours):
    for member in neighbours:
        portal = await open_portal(member.organisation, "stock")
        assert "/portal/" not in portal.url
        opened = await transaction_at(harbour, portal.url)
        assert opened["subscription_id"] == (await subscription_of(member)).ref
        assert opened["details"]["totals"]["grand_total"] == "0"


async def test_another_card_is_taken_for_one_subscription_and_costs_nothing(harbour, neighbours):
    anna, _boris = neighbours
    before = await cards_of(harbour, neighbours)
    portal = await open_portal(anna.organisation, "stock")
    assert (await harbour.sandbox.post(portal.url, data={"card": "stolen"})).status_code == 200
    assert await cards_of(harbour, neighbours) == before
    await harbour.sandbox.post(portal.url, data={"card": "pays"})
    await harbour.settle()
    after = await cards_of(harbour, neighbours)
    assert (after[0] != before[0], after[1] == before[1]) == (True, True)
    assert await payments("paid") == [("initial", "paid")] * 2


async def cards_of(harbour, members):
    """What the next charge will be tried with over there."""
    cards = {each["id"]: each["_method"] for each in harbour.simulators["paddle"].world.all("subscription")}
    return [cards[(await subscription_of(member)).ref] for member in members]


async def test_what_is_owed_is_paid_with_another_card(harbour, neighbours):
    anna, _boris = neighbours
    row = await subscription_of(anna)
    await harbour.control("paddle", f"subscriptions/{row.ref}/fail-next")
    await harbour.live(31 * DAY, step=31 * DAY)
    assert (await subscription_of(anna)).state == "past_due"
    portal = await open_portal(anna.organisation, "stock")
    owed = await transaction_at(harbour, portal.url)
    assert (owed["status"], owed["subscription_id"]) == ("past_due", row.ref)
    await harbour.sandbox.post(portal.url, data={"card": "pays"})
    await harbour.settle()
    assert (await subscription_of(anna)).state == "active"


@pytest.mark.parametrize("provider", ["paddle", "stripe"])
async def test_who_pays_alone_has_the_whole_portal(harbour, provider):
    anna, boris = await somebody(harbour), await somebody(harbour, "Boris")
    for member in (anna, boris):
        await buy_as(harbour, member, member.email, provider)
    assert "_ptxn" not in (await open_portal(anna.organisation, "stock")).url
