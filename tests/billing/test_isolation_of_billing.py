"""Two customers of one house: neither sees nor moves anything of the other's money, whatever is asked and however."""

import re
from contextlib import suppress
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from lives import paid_subscription, rows
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from verf.app import all_rooms
from verf.billing.changing import PlanChangeRefused, change_plan
from verf.billing.checkouts import Buyer, CheckoutUnknown, check_checkout, see_checkout
from verf.billing.ending import cancel
from verf.billing.models import CheckoutIntent, Grant, Payment, Subscription
from verf.billing.portals import open_portal
from verf.billing.refunds import PaymentUnknown, refund
from verf.billing.statements import payment_of
from verf.billing.steering import NotSubscribed
from verf.database import transaction
from verf.errors import VerfError

# Of the whole house, or read before anybody knows whose they are. Whoever adds one says here why.
FOR_ALL = {
    "plan_versions",  # what is sold
    "prices",
    "provider_prices",
    "promo_claims",  # keyed hashes of people
    "promo_codes",  # belong to the house; who used them is walled
    "provider_events",  # arrive before anybody knows whose they are
    "sync_cursors",
    "tallies",  # sums over all organisations, for staff
    "findings",  # for staff, written by workers
    "referrals",  # between two organisations
    "trial_claims",  # keyed hashes of people
    "metric_days",
}


def billing_routes():
    [room] = [room for room in all_rooms() if room.name == "billing"]
    for router in room.routers:
        for route in router.routes:
            for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
                yield method, route.path


async def bought(harbour):
    """Anna has paid, Boris has not; all ids of hers."""
    anna, boris = await harbour.member(), await harbour.member("Boris")
    await harbour.buy(anna, provider="yookassa")
    [intent], [payment], row = await rows(CheckoutIntent), await rows(Payment), await paid_subscription()
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    hers = {
        "checkout": intent.id,
        "payment": payment.id,
        "subscription": row.id,
        "grant": grant.id,
        "order": intent.ref,
        "paid": payment.ref,
        "organisation": anna.organisation,
    }
    return anna, boris, {name: str(value) for name, value in hers.items()}


async def state():
    return [
        sorted((str(row.id), str(getattr(row, "state", "")), str(getattr(row, "updated_at", ""))) for row in found)
        for found in [await rows(record) for record in (Subscription, Payment, Grant, CheckoutIntent)]
    ]


async def test_no_route_takes_an_id_of_another(harbour):
    anna, boris, hers = await bought(harbour)
    before, walked = await state(), 0
    for method, path in billing_routes():
        if "webhook" in path or path.endswith("/live"):
            continue
        for identity in hers.values():
            filled = re.sub(r"{\w+}", identity, path)
            said = dict.fromkeys(
                ("checkout", "payment", "subscription", "price", "price_id", "token", "payment_id", "organisation_id"),
                identity,
            )
            said |= {"product": "stock", "amount": "1", "reason": "x", "_key": str(uuid4())}
            headers = {"Accept": "application/json" if "/api/" in path else "text/html"}
            headers["Idempotency-Key"] = f'"{uuid4()}"'
            if method == "GET":
                answer = await boris.http.get(f"{filled}?{urlencode(said)}", headers=headers)
            elif "/api/" in path:
                answer = await boris.http.request(method, filled, json=said, headers=headers)
            else:
                answer = await boris.http.request(method, filled, data=said, headers=headers)
            walked += 1
            where = f"{method} {filled}"
            assert answer.status_code < 500, f"{where}: {answer.text[:500]}"
            if path.startswith("/staff"):
                assert answer.status_code in (403, 404), where
            # An invitation is a public link: whatever its code, it leads to the prices and tells nothing.
            if "{" in path and not path.startswith("/r/"):
                assert answer.status_code in (403, 404, 422), where
            for leak in (anna.email, "Anna &", "···· 4242"):
                assert leak not in answer.text, f"{where}: {leak}"
            leaked = [each for each in hers.values() if each != identity and each in answer.text]
            assert leaked == [], where
    assert walked > 50
    assert await state() == before


async def test_foreign_and_unknown_ids_cannot_be_told_apart(harbour):
    _anna, boris, hers = await bought(harbour)
    for path, name in (
        ("/api/v1/billing/checkout-session/{}", "checkout"),
        ("/billing/receipts/{}", "payment"),
        ("/billing/return?checkout={}", "checkout"),
        ("/billing/go?checkout={}", "checkout"),
    ):
        foreign, unknown = [await boris.http.get(path.format(each)) for each in (hers[name], uuid4())]
        assert (foreign.status_code, unknown.status_code) == (404, 404)


async def test_no_verb_acts_for_another(harbour):
    _anna, boris, hers = await bought(harbour)
    other = Buyer(organisation=boris.organisation, person=boris.person, email=boris.email)
    price = await harbour.price("enterprise", currency="RUB")
    for act in (
        lambda: see_checkout(boris.organisation, hers["checkout"]),
        lambda: check_checkout(boris.organisation, hers["checkout"]),
        lambda: refund(boris.organisation, hers["payment"], None, by=boris.person, because="", key="mine"),
        lambda: open_portal(boris.organisation, "stock"),
        lambda: change_plan(other, "stock", price, key="mine"),
        lambda: cancel(boris.organisation, "stock", when="now", reason="", by=boris.person, key="mine"),
    ):
        with pytest.raises((CheckoutUnknown, PaymentUnknown, NotSubscribed, PlanChangeRefused)):
            await act()
    async with transaction(organisation=boris.organisation) as session:
        with pytest.raises(VerfError):
            await payment_of(session, boris.organisation, hers["payment"])
    assert (await paid_subscription()).state == "active"


async def test_a_key_of_another_is_not_theirs(harbour):
    """The same key for the same body by two customers is two things; neither sees the other's answer."""
    anna, boris = await harbour.member(), await harbour.member("Boris")
    body = {"price_id": str(await harbour.price("pro", currency="RUB")), "provider": "yookassa"}
    for _again in range(2):
        answers = [
            await each.http.post(
                "/api/v1/billing/checkout-session", json=body, headers={"Idempotency-Key": '"0123456789"'}
            )
            for each in (anna, boris)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["id"] != answers[1].json()["id"]
    assert len(await rows(CheckoutIntent)) == 2


async def test_every_table_is_walled_or_on_a_reviewed_list(harbour, database):
    async with transaction() as session:
        found = await session.execute(
            text(
                "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'billing' AND c.relkind IN ('r', 'p')"
            )
        )
        open_ones = {name for name, is_walled in found if not is_walled}
    assert open_ones <= FOR_ALL, open_ones - FOR_ALL


async def test_the_apps_own_role_sees_and_writes_nothing_of_another(harbour, database):
    anna, boris, _hers = await bought(harbour)
    async with transaction() as session:
        found = await session.execute(
            text(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'billing' AND relkind IN ('r', 'p') AND relrowsecurity"
            )
        )
        walled = sorted(name for (name,) in found)
    hers = f"'{anna.organisation}'"
    assert {"payments", "subscriptions", "grants", "ledger_entries", "checkout_intents", "refunds"} <= set(walled)
    for name in walled:
        async with transaction() as session:
            assert await session.scalar(text(f"SELECT count(*) FROM billing.{name}")) == 0, name
        async with transaction(organisation=boris.organisation) as session:
            query = text(f"SELECT count(*) FROM billing.{name} WHERE organisation_id <> :own")
            assert await session.scalar(query, {"own": boris.organisation}) == 0, name
    for statement in (
        f"UPDATE billing.payments SET organisation_id = '{boris.organisation}'",
        "UPDATE billing.subscriptions SET state = 'ended'",
        "UPDATE billing.grants SET revoked_at = now()",
        "DELETE FROM billing.checkout_intents",
    ):
        with suppress(DBAPIError):
            async with transaction(organisation=boris.organisation) as session:
                assert (await session.execute(text(statement))).rowcount == 0, statement
    for statement in (
        f"INSERT INTO billing.referral_codes (id, organisation_id, code) VALUES (gen_random_uuid(), {hers}, 'stolen')",
        "UPDATE billing.ledger_entries SET amount = 0",
        "DELETE FROM billing.ledger_entries",
        "DELETE FROM billing.ledger_transactions",
    ):
        with pytest.raises(DBAPIError, match=r"policy|permission|append"):
            async with transaction(organisation=boris.organisation) as session:
                await session.execute(text(statement))
    assert (await paid_subscription()).state == "active"
    assert [each.state for each in await rows(Payment)] == ["paid"]
