"""The staff's side of billing: seeing everything, and putting things right with a reason."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

from lives import somebody
from sqlalchemy import select, text

from verf.billing import entitlements
from verf.billing.findings import report
from verf.billing.messages import KeepTallies
from verf.billing.models import Finding, Grant, OverrideRow, Payment, PromoCode, ProviderEvent, Refund, Subscription
from verf.database import transaction
from verf.identity import add_staff
from verf.kit import new_id
from verf.testing.site import PASSWORD

HTML = {"Accept": "text/html"}
LISTS = ["", "subscriptions", "payments", "ledger", "webhooks", "findings", "promo-codes", "why", "numbers.csv"]

MOVES = [
    "payments/{}/refund",
    "payments/{}/dispute",
    "disputes/{}",
    "accounts/{}/give",
    "accounts/{}/grants/{}/revoke",
    "accounts/{}/overrides",
    "accounts/{}/overrides/lift",
    "promo-codes",
    "promo-codes/A/disable",
    "webhooks/{}/replay",
    "webhooks/{}/dry-run",
    "findings/{}/dismiss",
    "findings/{}/repair",
]


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def a_steward(harbour, role="admin"):
    member = await harbour.member("Stella")
    async with transaction(system="test hires") as session:
        await add_staff(session, member.email, role)
    return member


async def seen(http, path, *, status=200):
    answer = await http.get(f"/staff/billing/{path}", headers=HTML)
    assert answer.status_code == status, answer.text[-3000:]
    return unescape(re.sub(r"\s+", " ", answer.text))


async def send(http, path, *, status=303, **fields):
    answer = await http.post(f"/staff/billing/{path}", data=fields, headers=HTML)
    assert answer.status_code == status, answer.text[-3000:]
    return unescape(answer.text)


async def sign_in_again(harbour, member):
    sent = {"email": member.email, "password": PASSWORD}
    answer = await harbour.site.http.post("/api/v1/auth/login", json=sent)
    member.http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"


async def test_only_staff_comes_in(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour, "support")
    for path in LISTS:
        assert (await anna.http.get(f"/staff/billing/{path}")).status_code == 403
        assert (await harbour.site.http.get(f"/staff/billing/{path}")).status_code in (303, 401)
        await seen(stella.http, path)


async def test_support_looks_and_does_not_touch(harbour):
    stella = await a_steward(harbour, "support")
    for path in MOVES:
        await send(stella.http, path.format(new_id(), new_id()), status=403)


async def test_strange_questions_find_nothing(harbour):
    stella = await a_steward(harbour)
    for path in ("subscriptions", "payments", "ledger", "webhooks", "findings"):
        for query in ("q=nobody", "q=%00%27", "q=x@example.com", "state=moon&provider=x&kind=y&page=x", "page=99999"):
            await seen(stella.http, f"{path}?{query}")


async def test_one_payment_is_found_everywhere(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    await harbour.buy(anna, provider="yookassa")
    [payment] = [row for row in await rows(Payment) if row.state == "paid"]
    [row] = [row for row in await rows(Subscription) if row.provider == "yookassa"]
    for search in ("Anna", anna.email, str(anna.organisation)):
        assert str(row.id) in await seen(stella.http, f"subscriptions?q={search}")
        assert payment.ref in await seen(stella.http, f"payments?q={search}")
    assert "₽2,690.00" in await seen(stella.http, f"payments?q={payment.ref}&state=paid&provider=yookassa")
    assert "No payment found" in await seen(stella.http, "payments?state=failed")
    ledger = await seen(stella.http, "ledger")
    for word in ("Every movement sums to zero", "cash:yookassa", "revenue:stock", "-₽2,690.00"):
        assert word in ledger
    story = await seen(stella.http, f"subscriptions/{row.id}")
    for word in ("What happened to it", "→ active", "payment.succeeded"):
        assert word in story
    whole = await seen(stella.http, f"payments/{payment.id}")
    assert "Nothing was paid back" in whole


async def test_a_part_and_then_the_rest_are_paid_back(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    await harbour.buy(anna, provider="yookassa")
    [payment] = [row for row in await rows(Payment) if row.state == "paid"]
    path = f"payments/{payment.id}/refund"
    for _again in range(2):
        await send(stella.http, path, amount="690.00", because="a bad week", key="the same key")
    await harbour.settle()
    [refund] = await rows(Refund)
    assert (refund.state, refund.amount, refund.reason) == ("done", 69000, "a bad week")
    await send(stella.http, path, status=422, amount="5000", because="more", key="another key")
    await send(stella.http, path, because="all of it", key="third key", then="end")
    await harbour.settle()
    assert sum(row.amount for row in await rows(Refund)) == payment.amount
    [row] = [row for row in await rows(Subscription) if row.provider == "yookassa"]
    assert row.state == "ended"
    assert not (await entitlements(anna.organisation, "stock")).is_open
    assert await harbour_ledger() == 0


async def harbour_ledger():
    async with transaction(system="test adds up") as session:
        return int(await session.scalar(text("SELECT coalesce(sum(amount), 0) FROM billing.ledger_entries")))


NO_REFUNDS = [
    {},
    {"amount": "x", "because": "why not", "key": "12345678"},
    {"amount": "-1", "because": "why not", "key": "12345678"},
    {"amount": "0.001", "because": "why not", "key": "12345678"},
    {"amount": "999999", "because": "why not", "key": "12345678"},
    {"amount": "NaN", "because": "why not", "key": "12345678"},
    {"amount": "1", "because": "", "key": "12345678"},
]


async def test_a_refund_that_makes_no_sense_is_explained(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    await harbour.buy(anna, provider="yookassa")
    [payment] = [row for row in await rows(Payment) if row.state == "paid"]
    for sent in NO_REFUNDS:
        html = await send(stella.http, f"payments/{payment.id}/refund", status=422, **sent)
        assert "data-open-now" in html
    assert await rows(Refund) == []


async def test_a_plan_is_given_and_taken_back_with_a_reason(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    path = f"accounts/{anna.organisation}"
    gift = {"product": "stock", "what": "plan:enterprise", "days": "30", "because": "a friend", "key": "gift-key"}
    for _again in range(2):
        await send(stella.http, f"{path}/give", **gift)
    [grant] = [row for row in await rows(Grant) if row.source == "staff"]
    assert (await entitlements(anna.organisation, "stock")).limit("products") == 10_000
    told = await seen(stella.http, path)
    for word in ("billing.plan-given", "a friend", "Enterprise", "Allowed"):
        assert word in told
    await send(stella.http, f"{path}/grants/{grant.id}/revoke", product="stock", because="an error of ours")
    [grant] = [row for row in await rows(Grant) if row.source == "staff"]
    assert grant.revoked_because == "staff: an error of ours"
    assert "billing.grant-revoked" in await seen(stella.http, path)


async def test_a_single_feature_is_given(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    gift = {"product": "stock", "what": "feature:products", "amount": "77777", "days": "3", "because": "to try"}
    await send(stella.http, f"accounts/{anna.organisation}/give", **gift, key="feature-key")
    assert (await entitlements(anna.organisation, "stock")).limit("products") == 77_777


async def test_staff_has_the_last_word_until_it_is_lifted(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    path = f"accounts/{anna.organisation}"
    await harbour.buy(anna)
    word = {"product": "stock", "feature": "products", "says": "yes", "amount": "5555", "because": "a slow\x00 month"}
    await send(stella.http, f"{path}/overrides", **word)
    assert (await entitlements(anna.organisation, "stock")).limit("products") == 5_555
    told = await seen(stella.http, path)
    for shown in ("billing.overridden", "a slow month", "5,555"):
        assert shown in told
    await send(stella.http, f"{path}/overrides", **{**word, "says": "no", "days": "3"})
    assert not (await entitlements(anna.organisation, "stock")).has("products")
    await send(stella.http, f"{path}/overrides/lift", product="stock", feature="products", because="all is well")
    assert (await entitlements(anna.organisation, "stock")).limit("products") == 1_000
    assert "billing.override-lifted" in await seen(stella.http, path)


async def test_a_word_that_makes_no_sense_changes_nothing(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    path = f"accounts/{anna.organisation}/overrides"
    word = {"product": "stock", "feature": "products", "says": "yes", "because": "to try"}
    for wrong in (
        {"feature": "wings"},
        {"product": "moon"},
        {"amount": "-1"},
        {"days": "0"},
        {"because": ""},
        {"because": "\x00\x00\x00"},
    ):
        await send(stella.http, path, **{**word, **wrong})
    await send(stella.http, f"{path}/lift", product="stock", feature="products", because="to try")
    assert await rows(OverrideRow) == []


NO_GIFTS = [
    {},
    {"what": "plan:nothing", "days": "3"},
    {"what": "feature:nothing", "days": "3"},
    {"what": "plan:pro", "days": "0"},
    {"what": "plan:pro", "days": "99999"},
]


async def test_a_gift_that_makes_no_sense_is_explained(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    for sent in NO_GIFTS:
        more = {"product": "stock", "because": "to try", "key": "12345678"} if sent else {}
        await send(stella.http, f"accounts/{anna.organisation}/give", status=422, **more, **sent)
    assert [row for row in await rows(Grant) if row.source == "staff"] == []


async def test_a_webhook_is_looked_at_rehearsed_and_handled_again(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    await harbour.buy(anna, provider="yookassa")
    event = next(row for row in await rows(ProviderEvent) if row.kind == "payment.succeeded")
    listed = await seen(stella.http, "webhooks?state=handled&provider=yookassa")
    assert str(event.id) in listed
    assert '"payment.succeeded"' in await seen(stella.http, f"webhooks/{event.id}")
    before = await rows(Payment)
    assert "What it would change" in await send(stella.http, f"webhooks/{event.id}/dry-run", status=200)
    assert [row.state for row in await rows(Payment)] == [row.state for row in before]
    await send(stella.http, f"webhooks/{event.id}/replay")
    await harbour.settle()
    assert {row.state for row in await rows(ProviderEvent)} == {"handled"}
    await seen(stella.http, f"webhooks/{new_id()}", status=404)
    await send(stella.http, f"webhooks/{new_id()}/replay", status=404)


async def test_a_finding_is_repaired_or_dismissed(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    await harbour.buy(anna, provider="yookassa")
    [payment] = [row for row in await rows(Payment) if row.state == "paid"]
    account = (payment.provider, payment.account, payment.is_live)
    async with transaction(system="test finds something") as session:
        await report(session, account, "lost_webhook", f"payment:{payment.ref}", organisation=anna.organisation)
        await report(session, account, "duplicate", "something:else", proposal="Look at it by hand.")
    listed = await seen(stella.http, "findings?state=open")
    for word in ("A webhook was lost", "Paid twice", "Look at it by hand.", "Anna & Co"):
        assert word in listed
    lost, twice = await rows(Finding)
    await send(stella.http, f"findings/{lost.id}/repair")
    await send(stella.http, f"findings/{twice.id}/dismiss")
    assert [row.state for row in await rows(Finding)] == ["repaired", "dismissed"]
    await send(stella.http, f"findings/{twice.id}/dismiss", status=404)


async def test_a_promo_code_is_made_and_ended(harbour):
    stella = await a_steward(harbour)
    code = {"code": "spring-26", "kind": "percent", "value": "20", "max_redemptions": "5", "ends_on": "2030-01-31"}
    await send(stella.http, "promo-codes", **code)
    [row] = await rows(PromoCode)
    assert (row.code, row.value, row.ends_at.isoformat()) == ("SPRING-26", 20, "2030-02-01T00:00:00+00:00")
    assert "20% off the first payment" in await seen(stella.http, "promo-codes")
    assert "already" in await send(stella.http, "promo-codes", status=422, **code)
    await send(stella.http, "promo-codes/SPRING-26/disable")
    [row] = await rows(PromoCode)
    assert row.disabled_at is not None


NO_CODES = [
    {},
    {"code": "a b", "kind": "percent", "value": "10"},
    {"code": "A", "kind": "percent", "value": "100"},
    {"code": "A", "kind": "amount", "value": "100"},
    {"code": "A", "kind": "moon", "value": "1"},
    {"code": "A", "kind": "days", "value": "0"},
    {"code": "A", "kind": "days", "value": "5", "ends_on": "yesterday"},
]


async def test_a_code_that_makes_no_sense_is_explained(harbour):
    stella = await a_steward(harbour)
    for sent in NO_CODES:
        await send(stella.http, "promo-codes", status=422, **sent)
    assert await rows(PromoCode) == []


async def test_the_whole_decision_is_explained(harbour):
    anna, stella = await harbour.member(), await a_steward(harbour)
    await harbour.buy(anna, provider="yookassa")
    told = await seen(stella.http, f"why?person={anna.email}&feature=stock:products")
    for word in ("Anna & Co", "Allowed", "granted", "What was looked at", "A paid period: pro"):
        assert word in told
    assert "Nobody of an organisation" in await seen(stella.http, "why?person=x@example.com&feature=stock:calls")
    assert "no feature" in await seen(stella.http, f"why?person={anna.email}&feature=stock:dancing")


async def test_a_quarter_is_counted_from_the_books(harbour):
    anna, boris, stella = await somebody(harbour), await harbour.member("Boris"), await a_steward(harbour)
    harbour.schedules.append(KeepTallies)
    await harbour.buy(anna, "starter", provider="yookassa")
    await harbour.buy(boris, "pro", provider="yookassa")
    price = str(await harbour.price("pro", currency="RUB"))
    key = {"Idempotency-Key": '"up"'}
    await anna.http.post("/api/v1/billing/change", json={"price_id": price}, headers=key)
    await boris.http.post("/api/v1/billing/cancel", json={"when": "period_end"}, headers=key)
    await harbour.live(timedelta(days=65), step=timedelta(days=5))
    await sign_in_again(harbour, stella)
    answer = await stella.http.get("/staff/billing/numbers.csv?what=mrr")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    for line in lines:
        moved = sum(Decimal(line[kind]) for kind in ("new", "reactivation", "expansion", "contraction", "churn"))
        assert Decimal(line["end"]) - Decimal(line["start"]) == moved
    assert (lines[-1]["end"], lines[-1]["customers"]) == ("2690.00", "1")
    assert sum(Decimal(line["churn"]) for line in lines) == -2690
    revenue = list(csv.DictReader(io.StringIO((await stella.http.get("/staff/billing/numbers.csv?what=revenue")).text)))
    paid = [row for row in await rows(Payment) if row.state == "paid"]
    assert sum(Decimal(line["gross"]) for line in revenue) * 100 == sum(row.amount for row in paid)
    shown = await seen(stella.http, "?currency=RUB")
    for word in ("Recurring a month", "₽2,690.00", "Who stays", "YooKassa"):
        assert word in shown
    for what in ("trials", "retention"):
        assert (await stella.http.get(f"/staff/billing/numbers.csv?what={what}")).status_code == 200
    assert (await stella.http.get("/staff/billing/numbers.csv?what=secrets")).status_code == 422
