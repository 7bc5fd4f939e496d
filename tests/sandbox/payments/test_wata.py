"""The simulated Wata: as strict as the real one, and shaped like what was saved of it."""

import asyncio
import base64
import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from verf.kit import now
from verf.sandbox import create_sandbox
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob
from verf.sandbox.payments.wata import WATA, Wata

DATA = Path(__file__).parents[2] / "billing" / "data"
BEARER = {"Authorization": "Bearer sandbox"}
ORDER = "0d3f5d4e-6b0f-4b9d-9d44-0f5f6c2a7a10"


def saved(name: str):
    return json.loads((DATA / f"wata-{name}.json").read_text())


def request_and_answer(name: str) -> dict:
    return next(entry for entry in saved("requests") if entry["name"] == name)


def webhook(name: str) -> dict:
    return next(entry["body"] for entry in saved("webhooks") if entry["name"] == name)


def wanted(**changes) -> dict:
    body = {"amount": 199.0, "currency": "RUB", "description": "VPN 1 month", "orderId": ORDER}
    redirects = {"successRedirectUrl": "https://shop.example/paid", "failRedirectUrl": "https://shop.example/failed"}
    return {name: value for name, value in {**body, **redirects, **changes}.items() if value is not None}


class Api:
    def __init__(self, simulator: Wata) -> None:
        self.simulator = simulator
        transport = httpx.ASGITransport(simulator)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://wata/api/h2h", headers=BEARER)

    async def link(self, **changes) -> dict:
        answer = await self.http.post("/links", json=wanted(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pay(self, outcome=Outcome.PAYS, **changes) -> dict:
        link = await self.link(**changes)
        return await self.simulator.pay_checkout(link["id"], outcome, Outcome.PAYS)

    async def get(self, path: str, **query) -> httpx.Response:
        return await self.http.get(path, params=query)


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory) -> Path:
    """Making a key takes a while; most tests may share one."""
    simulator = Wata(tmp_path_factory.mktemp("key"))
    simulator.keys.public()
    simulator.store.flush()
    return simulator.store.get("key", "webhooks")


@pytest.fixture
async def api(tmp_path, shop, key_folder):
    simulator = Wata(tmp_path / "wata")
    simulator.store.put("key", "webhooks", dict(key_folder))
    simulator.outbox.transport = shop.transport
    api = Api(simulator)
    async with api.http:
        yield api
    simulator.store.close()


@pytest.fixture
def unhurried(api):
    api.simulator.terminal.set_up({"enforces_limits": False})


def refused(answer: httpx.Response, status: int, member: str = "", code: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details", "data", "validationErrors"}
    assert error["code"] == code
    assert [wrong["members"] for wrong in error["validationErrors"] or []] == ([[member]] if member else [])


def same_shape(made: dict, kept: dict) -> None:
    """The same fields with the same types; null is the type of what is not there yet."""
    assert set(kept) <= set(made), set(kept) - set(made)
    for name, value in kept.items():
        one, other = type(made[name]), type(value)
        assert one is other or {one, other} <= {int, float} or type(None) in {one, other}, name
        if name.endswith("Time") and value:
            assert made[name].endswith("Z")


def verifies(public: str, headers: dict, body: bytes) -> bool:
    key = load_pem_public_key(public.encode())
    try:
        key.verify(base64.b64decode(headers["x-signature"]), body, PKCS1v15(), SHA512())
    except InvalidSignature:
        return False
    return True


# Shapes


async def test_a_link_looks_as_the_documentation_shows(api):
    for name in ("create_link", "create_link_realistic"):
        entry = request_and_answer(name)
        asked = {**entry["request"], "expirationDateTime": None}
        asked |= dict.fromkeys(("successRedirectUrl", "failRedirectUrl"), "https://t.me/bot")
        link = await api.link(**{field: value for field, value in asked.items() if value})
        same_shape(link, entry["response"])
        assert link["amount"] == entry["request"]["amount"]
    assert (link["status"], link["type"], link["terminalPublicId"]) == (
        "Opened",
        "OneTime",
        "3a16a4dd-8c83-fa4d-897a-3b334ed0ebed",
    )
    assert link["url"].endswith(f"/sandbox/wata/pay/{link['id']}")


async def test_transactions_look_as_the_documentation_shows(api):
    paid = await api.pay()
    kept = request_and_answer("search_transactions_v1")["response"]
    found = (await api.get("/transactions/", orderId=ORDER, statuses="Paid", skipCount=0, maxResultCount=10)).json()
    same_shape(found, kept)
    same_shape(found["items"][0], kept["items"][0])
    one = (await api.get(f"/transactions/{paid['id']}")).json()
    assert one == found["items"][0]
    assert one["totalCommission"] == 9.95
    assert "commission" not in one
    same_shape(
        (await api.get("/v2/transactions")).json(), request_and_answer("search_transactions_v2_cursor")["response"]
    )


async def test_amounts_are_json_numbers_with_two_decimals(api):
    answer = await api.http.post("/links", json=wanted(amount=1188.1))
    assert b'"amount":1188.10,' in answer.content


async def test_webhooks_look_as_they_were_seen(api, shop):
    paid = await api.pay()
    await api.pay(Outcome.INSUFFICIENT_FUNDS, orderId="another")
    await api.simulator.tick()
    refund = {"originalTransactionId": paid["id"], "amount": 199.0}
    told = (await api.http.post("/transactions/refunds", json=refund)).json()
    same_shape(told, request_and_answer("refund")["response"])
    assert (told["kind"], told["transactionStatus"]) == ("Refund", "Pending")
    await api.simulator.tick()
    kinds = [(body["kind"], body["transactionStatus"]) for body in shop.bodies]
    assert kinds == [
        ("Payment", "Created"),
        ("Payment", "Created"),
        ("Payment", "Paid"),
        ("Payment", "Declined"),
        ("Refund", "Paid"),
    ]
    names = ["pre_payment_created", "pre_payment_created", "post_payment_paid", "post_payment_declined", "refund_paid"]
    for body, name in zip(shop.bodies, names, strict=True):
        kept = webhook(name)
        same_shape(body, kept)
        assert list(body) == list(kept)
    same_shape(shop.bodies[2], webhook("seen_example"))
    assert (shop.bodies[0]["paymentTime"], shop.bodies[0]["commission"]) == (None, None)
    assert shop.bodies[2]["commission"] == 9.95
    assert len(shop.bodies[2]["paymentTime"]) == len("2026-11-30T12:15:00Z")
    assert shop.bodies[3]["errorCode"] == "Payment:TRA_2002"
    assert shop.bodies[4]["originalTransactionId"] == paid["id"]


# Who may ask, and how often


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic sandbox", "Bearer", "Bearer a.b.c", "Bearer e30.e30.x"])
async def test_only_a_current_token_opens_the_api(api, header):
    for method, path in [("POST", "/links"), ("GET", "/v2/transactions"), ("GET", f"/links/{ORDER}")]:
        answer = await api.http.request(method, path, headers={"Authorization": header}, json=wanted())
        assert (answer.status_code, answer.content) == (401, b"")
    assert api.simulator.truth()["links"] == []


async def test_a_token_runs_out_without_a_warning(api, later):
    claims = (
        base64.urlsafe_b64encode(json.dumps({"exp": int(now().timestamp()) + 86_400}).encode()).decode().rstrip("=")
    )
    headers = {"Authorization": f"Bearer e30.{claims}.c2ln"}
    assert (await api.http.get("/links", headers=headers)).status_code == 200
    later(days=2)
    assert (await api.http.get("/links", headers=headers)).status_code == 401
    api.simulator.terminal.set_up({"token_is_valid": False})
    assert (await api.get("/links")).status_code == 401


async def test_the_public_key_is_for_everybody(api):
    answer = await api.http.get("/public-key", headers={"Authorization": ""})
    same_shape(answer.json(), request_and_answer("public_key")["response"])
    assert answer.json()["value"].startswith("-----BEGIN PUBLIC KEY-----\n")


async def test_one_object_may_be_looked_at_once_in_thirty_seconds(api, later):
    link = await api.link()
    for path, query in [
        (f"/links/{link['id']}", {}),
        ("/transactions/", {"orderId": ORDER}),
        ("/links", {"OrderId": ORDER}),
    ]:
        assert (await api.get(path, **query)).status_code == 200
        answer = await api.get(path, **query)
        refused(answer, 429)
        assert 39 <= int(answer.headers["retry-after"]) <= 45
    assert (await api.get("/v2/transactions", orderId=ORDER)).status_code == 429
    assert (await api.get("/v2/transactions", orderId="another")).status_code == 200
    assert (await api.get("/v2/transactions")).status_code == 200
    assert (await api.get("/v2/transactions")).status_code == 200
    later(seconds=31)
    assert (await api.get(f"/links/{link['id']}")).status_code == 200
    assert (await api.get("/v2/transactions", orderId=ORDER)).status_code == 200


async def test_there_is_no_idempotency(api):
    one = await api.http.post("/links", json=wanted(), headers={"Idempotency-Key": "same"})
    other = await api.http.post("/links", json=wanted(), headers={"Idempotency-Key": "same"})
    assert one.json()["id"] != other.json()["id"]


async def test_failures_come_in_its_own_shape(api):
    api.simulator.knobs.turn("fail_after", Knob(count=1))
    refused(await api.http.post("/links", json=wanted()), 500)
    assert len(api.simulator.truth()["links"]) == 1
    api.simulator.knobs.turn("too_many", Knob(count=1, seconds=41))
    assert (await api.get("/links")).headers["retry-after"] == "41"
    refused(await api.get(f"/links/{ORDER}"), 404)
    refused(await api.get(f"/transactions/{ORDER}"), 404)
    assert (await api.get("/nothing")).status_code == 404
    assert (await api.http.post("/links", content=b"amount=1")).status_code == 415


# What a link must say


def in_(**words) -> str:
    return (now() + timedelta(**words)).isoformat()


@pytest.mark.parametrize(
    "changes, member, code",
    [
        ({"amount": None}, "amount", None),
        ({"amount": "199.00"}, "amount", None),
        ({"amount": True}, "amount", None),
        ({"amount": 9.99}, "", "Payment:PL_1001"),
        ({"amount": 0.99, "currency": "USD"}, "", "Payment:PL_1001"),
        ({"amount": 0.99, "currency": "EUR"}, "", "Payment:PL_1001"),
        ({"amount": 1_000_000}, "", "Payment:PL_1001"),
        ({"amount": -199}, "", "Payment:PL_1001"),
        ({"amount": 199.001}, "", "Payment:TRA_1005"),
        ({"currency": None}, "currency", None),
        ({"currency": "GBP"}, "currency", None),
        ({"type": "Often"}, "type", None),
        ({"orderId": 5}, "orderId", None),
        ({"order_id": "5"}, "order_id", None),
        ({"successRedirectUrl": "shop"}, "successRedirectUrl", None),
        ({"expirationDateTime": "2024-15-03T12:09:33.390Z"}, "expirationDateTime", None),
        ({"expirationDateTime": "2099-01-01T00:00:00"}, "expirationDateTime", None),
    ],
)
async def test_a_link_that_is_not_right_is_refused_and_not_made(api, changes, member, code):
    refused(await api.http.post("/links", json=wanted(**changes)), 400, member, code)
    assert api.simulator.truth()["links"] == []


async def test_a_refusal_looks_as_the_documentation_shows(api):
    answer = await api.http.post("/links", json=wanted(amount=None))
    kept = request_and_answer("error_400")
    assert answer.status_code == kept["status"]
    same_shape(answer.json()["error"], kept["response"]["error"])
    same_shape(answer.json()["error"]["validationErrors"][0], kept["response"]["error"]["validationErrors"][0])


async def test_a_link_lives_more_than_ten_minutes_and_at_most_thirty_days(api):
    for words in ({"minutes": 10}, {"minutes": -5}, {"days": 30, "minutes": 1}):
        answer = await api.http.post("/links", json=wanted(expirationDateTime=in_(**words)))
        refused(answer, 400, "expirationDateTime")
    for words in ({"minutes": 11}, {"days": 29}):
        await api.link(expirationDateTime=in_(**words))


async def test_the_smallest_and_the_largest_amounts_are_taken(api):
    for amount, currency in [(10, "RUB"), (1, "USD"), (1.0, "EUR"), (999_999.99, "RUB")]:
        assert (await api.link(amount=amount, currency=currency))["amount"] == amount


async def test_subscriptions_need_the_managers_word(api):
    refused(await api.http.post("/links", json=request_and_answer("create_link_subscription")["request"]), 403)


async def test_a_link_is_gone_after_its_end(api, later, unhurried):
    link = await api.link()
    later(days=2, hours=23)
    await api.simulator.tick()
    assert (await api.get(f"/links/{link['id']}")).json()["status"] == "Opened"
    later(hours=2)
    await api.simulator.tick()
    refused(await api.get(f"/links/{link['id']}"), 404)
    assert (await api.get("/links", orderId=ORDER)).json() == {"totalCount": 0, "items": []}
    with pytest.raises(Exception, match="no such link"):
        await api.simulator.pay_checkout(link["id"], Outcome.PAYS, Outcome.PAYS)


# Payments


async def test_a_link_closes_with_the_first_payment_or_stays(api, unhurried):
    once, often = await api.link(orderId="once"), await api.link(orderId="often", type="ManyTime")
    for _ in range(2):
        await api.simulator.pay_checkout("often", Outcome.PAYS, Outcome.PAYS)
    await api.simulator.pay_checkout("once", Outcome.PAYS, Outcome.PAYS)
    with pytest.raises(Exception, match="has been paid"):
        await api.simulator.pay_checkout("once", Outcome.PAYS, Outcome.PAYS)
    assert (await api.get(f"/links/{once['id']}")).json()["status"] == "Closed"
    assert (await api.get(f"/links/{often['id']}")).json()["status"] == "Opened"


@pytest.mark.parametrize(
    "outcome, code",
    [
        (Outcome.INSUFFICIENT_FUNDS, "Payment:TRA_2002"),
        (Outcome.STOLEN, "Payment:TRA_2004"),
        (Outcome.EXPIRED, "Payment:TRA_2018"),
        (Outcome.THREE_D_SECURE_FAILED, None),
    ],
)
async def test_a_declined_attempt_says_why_and_leaves_the_link_open(api, unhurried, outcome, code):
    declined = await api.pay(outcome)
    assert (declined["status"], declined["errorCode"], declined["paid_at"]) == ("Declined", code, None)
    assert code is None or code in saved("reference")["error_codes"]
    paid = await api.simulator.pay_checkout(ORDER, Outcome.PAYS, Outcome.PAYS)
    assert paid["status"] == "Paid"
    found = (await api.get("/v2/transactions", orderId=ORDER)).json()["items"]
    assert [transaction["status"] for transaction in found] == ["Paid", "Declined"]
    assert len({transaction["paymentLinkId"] for transaction in found}) == 1


@pytest.mark.parametrize("status", [409, 204, 302, 500])
async def test_without_a_yes_of_the_shop_nothing_is_charged(api, shop, status):
    shop.statuses = [status]
    declined = await api.pay()
    assert (declined["status"], declined["commission"]) == ("Declined", None)
    await api.simulator.tick()
    assert [body["transactionStatus"] for body in shop.bodies] == ["Created", "Declined"]
    assert api.simulator.outbox.deliveries(state="asked")[0]["attempts"][0]["status"] == status


async def test_a_question_that_is_lost_or_not_answered_in_time_is_a_no(api):
    api.simulator.knobs.turn("drop", Knob(count=1, path="created"))
    assert (await api.pay())["status"] == "Declined"

    async def think(request):
        await asyncio.sleep(60)

    api.simulator.terminal.set_up({"question_seconds": 0.05})
    slow = Starlette(routes=[Route("/{path:path}", think, methods=["POST"])])
    api.simulator.outbox.transport = httpx.ASGITransport(slow)
    assert (await api.pay())["status"] == "Declined"
    assert api.simulator.outbox.deliveries(state="asked")[0]["attempts"][0]["error"] == "TimeoutError"


async def test_a_question_that_a_restart_cut_off_is_a_no(api, shop, tmp_path, later):
    asked = asyncio.Event()

    async def never(request):
        asked.set()
        await asyncio.Event().wait()

    silent = Starlette(routes=[Route("/{path:path}", never, methods=["POST"])])
    api.simulator.outbox.transport = httpx.ASGITransport(silent)
    await api.link()
    paying = asyncio.create_task(api.simulator.pay_checkout(ORDER, Outcome.PAYS, Outcome.PAYS))
    await asked.wait()
    again = Wata(tmp_path / "wata")
    paying.cancel()
    again.outbox.transport = shop.transport
    later(seconds=11)
    await again.tick()
    assert [payment["status"] for payment in again.truth()["payments"]] == ["Declined"]
    assert [body["transactionStatus"] for body in shop.bodies] == ["Declined"]


async def test_an_answer_after_its_time_changes_nothing(api, later):
    async def answer_late(request):
        if (await request.json())["transactionStatus"] == "Created":
            later(seconds=11)
            await api.simulator.tick()
        return Response()

    late = Starlette(routes=[Route("/{path:path}", answer_late, methods=["POST"])])
    api.simulator.outbox.transport = httpx.ASGITransport(late)
    assert (await api.pay())["status"] == "Declined"


async def test_a_question_is_never_repeated(api, shop, later):
    shop.statuses = [500]
    await api.pay()
    for _ in range(3):
        later(hours=1)
        await api.simulator.tick()
    assert [body["transactionStatus"] for body in shop.bodies] == ["Created", "Declined"]


async def test_while_the_shop_thinks_the_transaction_can_be_seen(api, unhurried):
    seen = []

    async def look(request):
        seen.append((await api.get("/v2/transactions", orderId=ORDER)).json()["items"][0]["status"])
        return Response()

    asked = Starlette(routes=[Route("/{path:path}", look, methods=["POST"])])
    api.simulator.outbox.transport = httpx.ASGITransport(asked)
    await api.pay()
    assert seen == ["Created"]


async def test_two_payers_of_one_link_are_two_questions(api):
    asked, both = [], asyncio.Event()

    async def answer_when_both_have_asked(request):
        asked.append((await request.json())["transactionId"])
        if len(asked) == 2:
            both.set()
        await both.wait()
        return Response()

    slow = Starlette(routes=[Route("/{path:path}", answer_when_both_have_asked, methods=["POST"])])
    api.simulator.outbox.transport = httpx.ASGITransport(slow)
    await api.link()
    paid = await asyncio.gather(*(api.simulator.pay_checkout(ORDER, Outcome.PAYS, Outcome.PAYS) for _ in range(2)))
    assert [transaction["status"] for transaction in paid] == ["Paid", "Paid"]
    assert len(set(asked)) == 2


async def test_a_terminal_without_the_first_webhook_just_charges(api, shop):
    api.simulator.terminal.set_up({"asks_first": False})
    assert (await api.pay())["status"] == "Paid"
    await api.simulator.tick()
    assert [body["transactionStatus"] for body in shop.bodies] == ["Paid"]


async def test_a_bank_may_take_its_time(api, shop, later, unhurried):
    api.simulator.knobs.turn("slow_bank", Knob(count=1, seconds=600))
    pending = await api.pay()
    assert pending["status"] == "Pending"
    await api.simulator.tick()
    assert [body["transactionStatus"] for body in shop.bodies] == ["Created"]
    later(minutes=11)
    await api.simulator.tick()
    assert (await api.get(f"/transactions/{pending['id']}")).json()["status"] == "Paid"
    assert [body["transactionStatus"] for body in shop.bodies] == ["Created", "Paid"]


# Refunds


async def test_refunds_never_exceed_the_payment(api, unhurried):
    paid = await api.pay()
    part = {"originalTransactionId": paid["id"], "amount": 100}
    refund = (await api.http.post("/transactions/refunds", json=part)).json()
    refused(await api.http.post("/transactions/refunds", json=part), 400, code="Payment:TRA_1005")
    await api.simulator.tick()
    seen = (await api.get(f"/transactions/{refund['transactionId']}")).json()
    assert (seen["status"], seen["kind"], seen["amount"], seen["orderId"]) == ("Paid", "Refund", 100, ORDER)
    assert (await api.http.post("/transactions/refunds", json={**part, "amount": 99})).status_code == 200
    again = {"originalTransactionId": refund["transactionId"], "amount": 1}
    refused(await api.http.post("/transactions/refunds", json=again), 400, code="Payment:TRA_1005")


@pytest.mark.parametrize(
    "changes, status, member, code",
    [
        ({"amount": 0}, 400, "", "Payment:TRA_1005"),
        ({"amount": -1}, 400, "", "Payment:TRA_1005"),
        ({"amount": 1.001}, 400, "", "Payment:TRA_1005"),
        ({"amount": "1.00"}, 400, "amount", None),
        ({"reason": "unhappy"}, 400, "reason", None),
        ({"originalTransactionId": "x"}, 400, "originalTransactionId", None),
        ({"originalTransactionId": ORDER}, 404, "", None),
    ],
)
async def test_a_refund_that_is_not_right_is_refused_and_not_made(api, changes, status, member, code):
    paid = await api.pay()
    body = {"originalTransactionId": paid["id"], "amount": 199.0, **changes}
    refused(await api.http.post("/transactions/refunds", json=body), status, member, code)
    assert api.simulator.truth()["refunds"] == []


async def test_what_was_not_paid_cannot_be_refunded(api):
    declined = await api.pay(Outcome.STOLEN)
    body = {"originalTransactionId": declined["id"], "amount": 199.0}
    refused(await api.http.post("/transactions/refunds", json=body), 400, code="Payment:TRA_1005")


async def test_a_refund_may_take_its_time_and_may_fail(api, shop, later, unhurried):
    paid = await api.pay()
    api.simulator.knobs.turn("slow_refund", Knob(count=1, seconds=3600))
    api.simulator.knobs.turn("refund_declined", Knob(count=1))
    body = {"originalTransactionId": paid["id"], "amount": 199.0}
    await api.http.post("/transactions/refunds", json=body)
    later(minutes=30)
    await api.simulator.tick()
    assert api.simulator.truth()["refunds"][0]["status"] == "Pending"
    later(hours=1)
    await api.simulator.tick()
    assert shop.bodies[-1]["kind"] == "Refund"
    assert shop.bodies[-1]["transactionStatus"] == "Declined"
    assert (await api.http.post("/transactions/refunds", json=body)).status_code == 200


# Searches


async def test_a_search_by_cursor_walks_everything_once(api, later):
    for number in range(5):
        await api.pay(orderId=f"order-{number}")
        later(minutes=1)
    walked, cursor = [], {}
    for _ in range(3):
        page = (await api.get("/v2/transactions", MaxResultCount=2, **cursor)).json()
        walked += [transaction["orderId"] for transaction in page["items"]]
        cursor = {name: str(page[f"nextCursor{name[6:]}"]) for name in ("CursorId", "CursorDate")}
        cursor["CursorAmount"] = "199.00"
    assert walked == [f"order-{number}" for number in (4, 3, 2, 1, 0)]
    assert page["hasNextPage"] is False
    assert page["nextCursorId"] is None


async def test_half_a_cursor_leads_back_to_the_beginning_without_a_word(api):
    for number in range(3):
        await api.pay(orderId=f"order-{number}")
    first = (await api.get("/v2/transactions", maxResultCount=1)).json()
    again = (await api.get("/v2/transactions", maxResultCount=1, cursorId=first["nextCursorId"])).json()
    assert again["items"] == first["items"]


async def test_searches_are_narrowed_and_sorted(api, later, unhurried):
    await api.pay(orderId="a", amount=300)
    later(days=1)
    edge = now().isoformat()
    await api.pay(Outcome.STOLEN, orderId="b", amount=100)
    await api.pay(orderId="c", amount=200, currency="USD")

    async def orders(**query) -> list[str]:
        answer = await api.get("/transactions/", **query)
        assert answer.status_code == 200, answer.text
        return [transaction["orderId"] for transaction in answer.json()["items"]]

    assert await orders() == ["c", "b", "a"]
    assert await orders(sorting="amount") == ["b", "c", "a"]
    assert await orders(sorting="orderId desc", creationTimeFrom=edge) == ["c", "b"]
    assert await orders(creationTimeTo=edge) == ["a"]
    assert await orders(statuses=["Paid", "Created"]) == ["c", "a"]
    assert await orders(statuses="Paid,Declined", currencies="RUB") == ["b", "a"]
    assert await orders(amountFrom="150", amountTo="250") == ["c"]
    assert await orders(skipCount=1, maxResultCount=1) == ["b"]
    assert (await api.get("/links", amountFrom=10, currencies="RUB", statuses="Closed")).json()["totalCount"] == 1
    for query in ({"order": "a"}, {"sorting": "colour"}, {"maxResultCount": 1001}, {"creationTimeFrom": "today"}):
        assert (await api.get("/transactions/", **query)).status_code == 400


# Signatures, webhooks, pages, controls


def test_the_saved_signature_verifies_as_ours_do():
    vector = saved("signature-vector")
    public, headers = vector["public_key_response"]["value"], {"x-signature": vector["x_signature"]}
    assert verifies(public, headers, vector["raw_body"].encode()) is vector["expect"]["raw_body"]
    assert verifies(public, headers, vector["tampered_body"].encode()) is vector["expect"]["tampered_body"]


async def test_every_webhook_is_signed_over_its_raw_body(api, shop):
    await api.pay(description="VPN 3 месяца × 1 устройство")
    await api.simulator.tick()
    public = (await api.get("/public-key")).json()["value"]
    assert len(shop.received) == 2
    for headers, body in shop.received:
        assert verifies(public, headers, body)
        assert not verifies(public, headers, body.replace(b"199.00", b"1.00"))


async def test_a_rotated_key_signs_what_still_waits(api, shop, later):
    shop.statuses = [200, 500]
    await api.pay()
    await api.simulator.tick()
    old = (await api.get("/public-key")).json()["value"]
    new = api.simulator.keys.rotate()
    later(minutes=2)
    await api.simulator.tick()
    headers, body = shop.received[-1]
    assert (await api.get("/public-key")).json()["value"] == new != old
    assert verifies(new, headers, body)
    assert not verifies(old, headers, body)


async def test_the_key_and_everything_else_are_there_after_a_restart(api, tmp_path):
    await api.pay()
    api.simulator.store.flush()
    again = Wata(tmp_path / "wata")
    assert again.truth() == api.simulator.truth()
    assert again.keys.public() == api.simulator.keys.public()


async def test_webhooks_come_again_for_thirty_two_hours(api, shop, later):
    shop.statuses = [200] + [503] * 100
    await api.pay()
    begin = now()
    for _ in range(80):
        await api.simulator.tick()
        later(minutes=30)
    [delivery] = api.simulator.outbox.deliveries(kind="payment.paid")
    assert delivery["state"] == "gave_up"
    assert timedelta(hours=30) < now() - begin
    assert 8 <= len(delivery["attempts"]) <= 10
    assert len({body for _headers, body in shop.received}) == 2


@pytest.fixture
async def house(tmp_path, shop):
    def create(folder):
        simulator = Wata(folder)
        simulator.outbox.transport = shop.transport
        return simulator

    simulator = type(WATA)(**{**vars(WATA), "create": create})
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/sandbox", create_sandbox([simulator], tmp_path))]))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=BEARER) as http:
        yield http


async def test_a_person_pays_at_the_hosted_page(house, shop):
    link = (await house.post("/sandbox/wata/api/h2h/links", json=wanted())).json()
    page = await house.get(link["url"])
    assert "VPN 1 month" in page.text
    assert "199.00 ₽" in page.text
    declined = await house.post(link["url"], data={"card": "insufficient-funds"})
    assert "Declined: Insufficient funds." in (await house.get(declined.headers["location"])).text
    paid = await house.post(link["url"], data={"card": "pays"})
    assert (paid.status_code, paid.headers["location"]) == (303, "https://shop.example/paid")
    assert "Paid." in (await house.get(link["url"])).text
    await house.post("/sandbox/api/wata/tick")
    assert [body["transactionStatus"] for body in shop.bodies] == ["Created", "Created", "Declined", "Paid"]
    assert (await house.get("/sandbox/wata/pay/nothing")).status_code == 404


async def test_it_is_steered_over_http(house):
    control = "/sandbox/api/wata"
    for order in ("a", "b", "c"):
        await house.post("/sandbox/wata/api/h2h/links", json=wanted(orderId=order))
    paid = (await house.post(f"{control}/checkouts/a/pay")).json()
    assert (paid["status"], paid["amount"]) == ("Paid", "199.00")
    assert (await house.post(f"{control}/checkouts/b/decline", json={"outcome": "stolen"})).json()[
        "status"
    ] == "Declined"
    assert (await house.post(f"{control}/checkouts/c/expire")).status_code == 200
    assert (await house.post(f"{control}/payments/{paid['id']}/refund", json={"amount": 5_000})).json()[
        "amount"
    ] == "50.00"
    assert (await house.post(f"{control}/payments/{paid['id']}/refund", json={"amount": 20_000})).status_code == 409
    assert (await house.post(f"{control}/payments/{paid['id']}/dispute")).status_code == 409
    assert (await house.post(f"{control}/methods/x", json={"outcome": "stolen"})).status_code == 409
    truth = (await house.get(f"{control}/truth")).json()
    assert [len(truth[name]) for name in ("payments", "refunds", "links", "disputes")] == [2, 1, 2, 0]
    changed = await house.post(f"{control}/settings", json={"enforces_limits": False})
    assert changed.json() == {
        "asks_first": True,
        "enforces_limits": False,
        "token_is_valid": True,
        "question_seconds": 10,
    }
    before = (await house.get("/sandbox/wata/api/h2h/public-key")).json()
    assert (await house.post(f"{control}/key/rotate")).json() != before
    assert "/sandbox/api/wata/key/rotate" in (await house.get("/sandbox/docs")).text
