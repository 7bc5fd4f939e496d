"""The simulated YooKassa: as strict as the real one, and shaped like what was saved of it."""

import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from verf.sandbox import create_sandbox
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob
from verf.sandbox.payments.yookassa import YOOKASSA, YooKassa

DATA = Path(__file__).parents[2] / "billing" / "data"
AUTH = ("100500", "test_sandbox")
REDIRECT = {"type": "redirect", "return_url": "https://shop.example/back"}
ITEM = {
    "description": "VPN 1 month",
    "quantity": "1.00",
    "amount": {"value": "199.00", "currency": "RUB"},
    "vat_code": 1,
    "payment_subject": "service",
    "payment_mode": "full_payment",
}
RECEIPT = {"customer": {"email": "user@example.com"}, "items": [ITEM]}


def saved(name: str) -> list[dict]:
    return json.loads((DATA / f"yookassa-{name}.json").read_text())


def objects() -> dict[str, dict]:
    return {entry["name"]: entry["object"] for entry in saved("payment-objects")}


def notifications() -> dict[str, dict]:
    return {entry["name"]: entry["body"] for entry in saved("webhooks")}


class Api:
    """A shop's own code: one key a request unless it says otherwise."""

    def __init__(self, simulator: YooKassa) -> None:
        transport = httpx.ASGITransport(simulator)
        self.simulator = simulator
        self.http = httpx.AsyncClient(transport=transport, base_url="http://yookassa", auth=AUTH)
        self._keys = iter(range(10_000))

    async def post(self, path: str, body, key: str | None = None, **words) -> httpx.Response:
        headers = {"Idempotence-Key": key or f"key-{next(self._keys)}"} | words.pop("headers", {})
        return await self.http.post(f"/v3{path}", json=body, headers=headers, **words)

    async def get(self, path: str, **query) -> httpx.Response:
        return await self.http.get(f"/v3{path}", params=query)

    async def begin(self, **changes) -> dict:
        answer = await self.post("/payments", order(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pay(self, outcome=Outcome.PAYS, later=Outcome.PAYS, **changes) -> dict:
        payment = await self.begin(**changes)
        return await self.simulator.pay_checkout(payment["id"], outcome, later)


def order(value="199.00", **changes) -> dict:
    body = {"amount": {"value": value, "currency": "RUB"}, "capture": True, "confirmation": REDIRECT}
    return {name: content for name, content in {**body, **changes}.items() if content is not None}


@pytest.fixture
async def api(tmp_path, shop):
    simulator = YooKassa(tmp_path / "yookassa")
    simulator.outbox.transport = shop.transport
    api = Api(simulator)
    async with api.http:
        yield api
    simulator.store.close()


def refused(answer: httpx.Response, status: int, parameter: str = "") -> None:
    body = answer.json()
    assert (answer.status_code, body["type"], body.get("parameter", "")) == (status, "error", parameter), body
    assert {"id", "code", "description"} <= set(body)


def same_shape(made, kept, *, without=(), where="") -> None:
    """Everything that was saved is there, with the same type and the same way of writing."""
    for name in set(kept) - set(without):
        assert name in made, f"{where}{name} is missing"
        assert type(made[name]) is type(kept[name]), f"{where}{name}"
        if isinstance(kept[name], dict):
            same_shape(made[name], kept[name], without=without, where=f"{where}{name}.")
        elif name in {"created_at", "captured_at", "expires_at"}:
            assert len(made[name]) == len("2018-07-18T10:51:18.139Z")
            assert made[name].endswith("Z")
        elif name == "id" and kept[name].count("-") == 4:
            assert [len(part) for part in made[name].split("-")] == [len(part) for part in kept[name].split("-")]


# Shapes


async def test_a_new_payment_looks_as_the_documentation_shows(api):
    payment = await api.begin(description="Заказ №72")
    kept = objects()
    same_shape(payment, kept["create_response_pending"])
    chosen = await api.begin(description="Заказ №72", payment_method_data={"type": "bank_card"})
    same_shape(chosen, kept["pending"])
    assert payment["status"] == "pending"
    assert payment["amount"] == {"value": "199.00", "currency": "RUB"}
    assert payment["recipient"]["account_id"] == "100500"
    assert payment["confirmation"]["confirmation_url"].endswith(payment["id"])


async def test_every_end_of_a_payment_looks_as_the_documentation_shows(api):
    kept = objects()
    same_shape(await api.pay(description="Заказ №72"), kept["succeeded"], without=["card_product"])
    held = await api.pay(description="Заказ №72", capture=None)
    same_shape(held, kept["waiting_for_capture"], without=["card_product", "income_amount"])
    lost = await api.pay(Outcome.STOLEN, description="Заказ №72")
    same_shape(lost, kept["canceled"], without=["card_product"])
    assert set(lost["cancellation_details"]) == {"party", "reason"}


@pytest.mark.parametrize("entry", [entry for entry in saved("requests") if entry["body"] and "create" in entry["name"]])
async def test_every_saved_request_is_taken(api, entry):
    answer = await api.post("/payments", entry["body"])
    assert answer.status_code == 200, answer.text


async def test_notifications_look_as_they_were_seen(api, shop, later):
    kept = notifications()
    api.simulator.shop.set_up({"receipts": True})
    paid = await api.pay(save_payment_method=True, payment_method_data={"type": "yoo_money"}, receipt=RECEIPT)
    await api.pay(capture=False, description="Заказ", receipt=RECEIPT)
    refund = {"payment_id": paid["id"], "amount": paid["amount"]}
    assert (await api.post("/refunds", refund)).status_code == 200
    card = await api.pay(save_payment_method=True, receipt=RECEIPT)
    api.simulator.set_method_outcome(card["payment_method"]["id"], Outcome.INSUFFICIENT_FUNDS)
    charge = order(confirmation=None, payment_method_id=card["id"], description="Заказ", receipt=RECEIPT)
    await api.post("/payments", charge)
    await api.begin(description="Подписка", receipt=RECEIPT)
    method = (await api.post("/payment_methods", {"type": "bank_card", "confirmation": REDIRECT})).json()
    await api.simulator.pay_checkout(method["id"], Outcome.PAYS, Outcome.PAYS)
    later(hours=2)
    await api.simulator.tick()
    told = [(body["event"], body["object"].get("cancellation_details", {}).get("reason")) for body in shop.bodies]
    seen = dict(zip(told, shop.bodies, strict=True))
    same_shape(
        seen["payment.succeeded", None], kept["payment.succeeded_minimal_crm"], without=["metadata", "description"]
    )
    wallet = next(body for body in shop.bodies if body["object"]["id"] == paid["id"])
    same_shape(wallet, kept["payment.succeeded_saved_wallet"], without=["metadata"])
    declined = seen["payment.canceled", "insufficient_funds"]
    same_shape(declined, kept["payment.canceled_insufficient_funds_saved_card"], without=["metadata"])
    expired = seen["payment.canceled", "expired_on_confirmation"]
    same_shape(expired, kept["payment.canceled_expired_on_confirmation"], without=["metadata"])
    assert expired["object"]["cancellation_details"]["party"] == "yoo_money"
    same_shape(seen["payment.waiting_for_capture", None], kept["payment.waiting_for_capture"])
    same_shape(seen["refund.succeeded", None], kept["refund.succeeded"], without=["created_at"])
    same_shape(seen["payment_method.active", None], kept["payment_method.active"])
    assert all(body["type"] == "notification" for body in shop.bodies)


async def test_a_refund_looks_as_the_documentation_shows(api):
    payment = await api.pay()
    kept = next(entry["body"] for entry in saved("requests") if entry["name"] == "refund_response")
    refund = (await api.post("/refunds", {"payment_id": payment["id"], "amount": payment["amount"]})).json()
    same_shape(refund, kept)


# Who may ask, and how often


@pytest.mark.parametrize("auth", [None, ("100500", "live_x"), ("1", "test_sandbox"), ("", "")])
async def test_only_the_shop_may_ask(api, auth):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.simulator), base_url="http://y") as http:
        answer = await http.get("/v3/me", auth=auth)
        refused(answer, 401, "Authorization")
        assert answer.json()["code"] == "invalid_credentials"
        refused(await http.get("/v3/me", headers={"Authorization": "Basic not-base64"}), 401, "Authorization")


async def test_the_shop_is_told_who_it_is(api):
    me = (await api.get("/me")).json()
    assert (me["account_id"], me["test"], me["fiscalization_enabled"]) == ("100500", True, False)


async def test_a_post_needs_a_key_and_the_right_content_type(api):
    refused(await api.http.post("/v3/payments", json=order()), 400, "Idempotence-Key")
    refused(await api.post("/payments", order(), "k" * 65), 400, "Idempotence-Key")
    headers = {"Idempotence-Key": "form", "Content-Type": "application/x-www-form-urlencoded"}
    refused(await api.http.post("/v3/payments", content=b"amount=1", headers=headers), 415, "Content-Type")
    headers = {"Idempotence-Key": "broken", "Content-Type": "application/json"}
    refused(await api.http.post("/v3/payments", content=b"{", headers=headers), 400)
    assert api.simulator.truth()["payments"] == []


async def test_the_same_key_makes_one_payment_and_belongs_to_one_request(api, later):
    first = await api.post("/payments", order(), "once")
    again = await api.post("/payments", order(), "once")
    assert again.json() == first.json()
    refused(await api.post("/payments", order("200.00"), "once"), 400, "Idempotence-Key")
    refused(await api.post("/refunds", order(), "once"), 400, "Idempotence-Key")
    later(hours=25)
    assert (await api.post("/payments", order(), "once")).json()["id"] != first.json()["id"]
    assert len(api.simulator.truth()["payments"]) == 2


async def test_after_a_500_the_same_key_finds_what_was_made(api):
    api.simulator.knobs.turn("fail_after", Knob(count=1))
    lost = await api.post("/payments", order(), "once")
    assert (lost.status_code, lost.json()["code"]) == (500, "internal_server_error")
    [payment] = api.simulator.truth()["payments"]
    assert (await api.post("/payments", order(), "once")).json()["id"] == payment["id"]
    assert len(api.simulator.truth()["payments"]) == 1


async def test_an_answer_may_be_that_the_answer_comes_later(api):
    api.simulator.knobs.turn("processing", Knob(count=2))
    for _ in range(2):
        answer = await api.post("/payments", order(), "once")
        assert (answer.status_code, answer.json()["type"]) == (202, "processing")
        assert answer.json()["retry_after"] > 0
    assert (await api.post("/payments", order(), "once")).json()["status"] == "pending"
    assert len(api.simulator.truth()["payments"]) == 1


async def test_too_many_requests_are_told_apart(api):
    api.simulator.knobs.turn("too_many", Knob(count=1, seconds=7))
    answer = await api.get("/me")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == "7"


async def test_what_is_not_there_is_refused_in_the_same_shape(api):
    refused(await api.get("/payments/22e12f66-000f-5000-8000-18db351245c7"), 404, "payment_id")
    refused(await api.get("/refunds/1"), 404, "refund_id")
    refused(await api.get("/payment_methods/1"), 404, "payment_method_id")
    refused(await api.get("/nothing"), 404)
    refused(await api.http.delete("/v3/payments"), 405)


# What a payment must say


@pytest.mark.parametrize(
    "changes, parameter",
    [
        ({"amount": None}, "amount"),
        ({"amount": {"value": 199.0, "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "199", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "199.0", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "-1.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "0.99", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "350000.01", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "199.00", "currency": "USD"}}, "amount.currency"),
        ({"confirmation": None}, "confirmation"),
        ({"confirmation": {"type": "redirect"}}, "confirmation.return_url"),
        ({"confirmation": {"type": "embedded", "return_url": "https://x.example"}}, "confirmation.type"),
        ({"description": "x" * 129}, "description"),
        ({"metadata": {"k": "x" * 513}}, "metadata"),
        ({"metadata": {"k" * 33: "x"}}, "metadata"),
        ({"metadata": {str(number): "x" for number in range(17)}}, "metadata"),
        ({"order_id": "1"}, "order_id"),
        ({"payment_method_id": "nobody", "confirmation": None}, "payment_method_id"),
        ({"receipt": {"items": [ITEM]}}, "receipt.customer"),
        ({"receipt": {**RECEIPT, "items": []}}, "receipt.items"),
        ({"receipt": {**RECEIPT, "items": [{**ITEM, "vat_code": 13}]}}, "receipt.items.0.vat_code"),
        ({"receipt": {**RECEIPT, "items": [{**ITEM, "description": "x" * 129}]}}, "receipt.items.0.description"),
        ({"receipt": {**RECEIPT, "items": [{**ITEM, "payment_subject": "vpn"}]}}, "receipt.items.0.payment_subject"),
        ({"receipt": {**RECEIPT, "items": [{**ITEM, "payment_mode": None}]}}, "receipt.items.0.payment_mode"),
        ({"receipt": {**RECEIPT, "items": [{**ITEM, "quantity": "0"}]}}, "receipt.items.0.quantity"),
        ({"receipt": {**RECEIPT, "items": [{**ITEM, "quantity": "2"}]}}, "receipt.items"),
    ],
)
async def test_a_payment_that_is_not_right_is_refused_and_not_made(api, changes, parameter):
    refused(await api.post("/payments", order(**changes)), 400, parameter)
    assert api.simulator.truth()["payments"] == []


async def test_a_shop_with_receipts_takes_no_payment_without_one(api, later):
    api.simulator.shop.set_up({"receipts": True})
    refused(await api.post("/payments", order()), 400, "receipt")
    payment = await api.pay(receipt=RECEIPT)
    assert payment["receipt_registration"] == "pending"
    later(minutes=1)
    await api.simulator.tick()
    assert (await api.get(f"/payments/{payment['id']}")).json()["receipt_registration"] == "succeeded"
    part = {"payment_id": payment["id"], "amount": {"value": "99.00", "currency": "RUB"}}
    refused(await api.post("/refunds", part), 400, "receipt")
    items = [{**ITEM, "amount": part["amount"]}]
    refund = (await api.post("/refunds", {**part, "receipt": {**RECEIPT, "items": items}})).json()
    assert (refund["status"], refund["receipt_registration"]) == ("succeeded", "pending")
    later(minutes=1)
    await api.simulator.tick()
    assert (await api.get(f"/refunds/{refund['id']}")).json()["receipt_registration"] == "succeeded"
    back, taken = (await api.get("/receipts", payment_id=payment["id"])).json()["items"]
    kept = next(entry["body"] for entry in saved("requests") if entry["name"] == "receipt_response")
    same_shape(taken, kept, without=["items"])
    same_shape(taken["items"][0], kept["items"][0], without=["quantity"])
    assert (taken["type"], back["type"], back["refund_id"]) == ("payment", "refund", refund["id"])
    assert back["items"][0]["amount"] == part["amount"]
    assert (await api.get(f"/receipts/{back['id']}")).json() == back
    refused(await api.get("/receipts/1"), 404, "receipt_id")


# Lives of payments


async def test_an_unconfirmed_payment_runs_out_after_an_hour(api, shop, later):
    payment = await api.begin()
    later(minutes=59)
    await api.simulator.tick()
    assert (await api.get(f"/payments/{payment['id']}")).json()["status"] == "pending"
    later(minutes=2)
    await api.simulator.tick()
    gone = (await api.get(f"/payments/{payment['id']}")).json()
    assert gone["cancellation_details"] == {"party": "yoo_money", "reason": "expired_on_confirmation"}
    assert "confirmation" not in gone
    assert [body["event"] for body in shop.bodies] == ["payment.canceled"]


async def test_money_that_is_held_is_taken_given_back_or_let_go(api, later):
    held, more, forgotten = [await api.pay(capture=False) for _ in range(3)]
    assert (held["status"], held["paid"], held["refundable"]) == ("waiting_for_capture", True, False)
    too_much = {"amount": {"value": "200.00", "currency": "RUB"}}
    refused(await api.post(f"/payments/{held['id']}/capture", too_much), 400, "amount.value")
    part = {"amount": {"value": "150.00", "currency": "RUB"}}
    taken = (await api.post(f"/payments/{held['id']}/capture", part)).json()
    assert (taken["status"], taken["amount"]["value"]) == ("succeeded", "150.00")
    off = (await api.post(f"/payments/{more['id']}/cancel", {})).json()
    assert off["cancellation_details"] == {"party": "merchant", "reason": "canceled_by_merchant"}
    later(days=7, minutes=1)
    await api.simulator.tick()
    let_go = (await api.get(f"/payments/{forgotten['id']}")).json()
    assert let_go["cancellation_details"]["reason"] == "expired_on_capture"


async def test_only_what_is_held_can_be_captured_or_cancelled(api):
    for payment in (await api.begin(), await api.pay(), await api.pay(Outcome.STOLEN)):
        refused(await api.post(f"/payments/{payment['id']}/capture", {}), 400, "payment_id")
        refused(await api.post(f"/payments/{payment['id']}/cancel", {}), 400, "payment_id")


@pytest.mark.parametrize(
    "outcome, reason",
    [
        (Outcome.INSUFFICIENT_FUNDS, "insufficient_funds"),
        (Outcome.EXPIRED, "card_expired"),
        (Outcome.STOLEN, "payment_method_restricted"),
        (Outcome.THREE_D_SECURE_FAILED, "3d_secure_failed"),
    ],
)
async def test_a_decline_says_why_and_is_final(api, outcome, reason):
    reference = json.loads((DATA / "yookassa-reference.json").read_text())
    payment = await api.pay(outcome, save_payment_method=True)
    assert (payment["status"], payment["paid"]) == ("canceled", False)
    assert payment["cancellation_details"]["reason"] == reason
    assert reason in reference["cancellation_reason"]
    assert payment["cancellation_details"]["party"] in reference["cancellation_party"]
    assert payment["payment_method"]["saved"] is False
    with pytest.raises(Exception, match="cannot be paid any more"):
        await api.simulator.pay_checkout(payment["id"], Outcome.PAYS, Outcome.PAYS)


# Saved methods


async def test_a_saved_method_is_charged_without_its_owner(api, shop):
    first = await api.pay(save_payment_method=True)
    method = first["payment_method"]
    assert (method["saved"], method["status"], method["id"]) == (True, "active", first["id"])
    charged = await api.begin(confirmation=None, payment_method_id=method["id"])
    assert (charged["status"], charged["paid"], charged["payment_method"]) == ("succeeded", True, method)
    assert "confirmation" not in charged
    assert charged["authorization_details"]["three_d_secure"]["applied"] is False
    await api.simulator.tick()
    assert [body["object"]["id"] for body in shop.bodies] == [first["id"], charged["id"]]


async def test_a_method_that_nobody_agreed_to_keep_cannot_be_charged(api):
    payment = await api.pay()
    assert payment["payment_method"]["saved"] is False
    refused(
        await api.post("/payments", order(confirmation=None, payment_method_id=payment["id"])), 400, "payment_method_id"
    )


async def test_later_charges_fail_as_the_card_does(api):
    soft = await api.pay(save_payment_method=True, later=Outcome.INSUFFICIENT_FUNDS)
    charged = await api.begin(confirmation=None, payment_method_id=soft["id"])
    assert (charged["status"], charged["cancellation_details"]["reason"]) == ("canceled", "insufficient_funds")
    api.simulator.set_method_outcome(soft["id"], Outcome.PAYS)
    assert (await api.begin(confirmation=None, payment_method_id=soft["id"]))["status"] == "succeeded"
    api.simulator.revoke_method(soft["id"])
    revoked = await api.begin(confirmation=None, payment_method_id=soft["id"])
    assert revoked["cancellation_details"]["reason"] == "permission_revoked"
    assert revoked["payment_method"]["status"] == "inactive"


async def test_a_charge_may_take_its_time(api, shop, later):
    first = await api.pay(save_payment_method=True)
    api.simulator.knobs.turn("slow_charge", Knob(count=1, seconds=600))
    charged = await api.begin(confirmation=None, payment_method_id=first["id"])
    assert charged["status"] == "pending"
    later(minutes=11)
    await api.simulator.tick()
    assert (await api.get(f"/payments/{charged['id']}")).json()["status"] == "succeeded"


async def test_a_shop_without_the_managers_word_keeps_and_charges_nothing(api):
    first = await api.pay(save_payment_method=True)
    api.simulator.shop.set_up({"recurring": False})
    refused(await api.post("/payments", order(save_payment_method=True)), 403)
    refused(await api.post("/payments", order(confirmation=None, payment_method_id=first["id"])), 403)


async def test_a_card_may_be_kept_without_a_payment(api):
    binding = (await api.post("/payment_methods", {"type": "bank_card", "confirmation": REDIRECT})).json()
    assert binding["status"] == "pending"
    refused(
        await api.post("/payments", order(confirmation=None, payment_method_id=binding["id"])), 400, "payment_method_id"
    )
    await api.simulator.pay_checkout(binding["id"], Outcome.PAYS, Outcome.PAYS)
    assert (await api.get(f"/payment_methods/{binding['id']}")).json()["status"] == "active"
    assert (await api.begin(confirmation=None, payment_method_id=binding["id"]))["status"] == "succeeded"


# Refunds


async def test_refunds_never_exceed_the_payment(api):
    payment = await api.pay()
    part = {"payment_id": payment["id"], "amount": {"value": "100.00", "currency": "RUB"}}
    assert (await api.post("/refunds", part)).json()["status"] == "succeeded"
    seen = (await api.get(f"/payments/{payment['id']}")).json()
    assert (seen["refunded_amount"]["value"], seen["refundable"], seen["status"]) == ("100.00", True, "succeeded")
    refused(await api.post("/refunds", part), 400, "amount.value")
    part["amount"]["value"] = "99.00"
    assert (await api.post("/refunds", part)).status_code == 200
    seen = (await api.get(f"/payments/{payment['id']}")).json()
    assert (seen["refunded_amount"]["value"], seen["refundable"]) == ("199.00", False)
    listed = (await api.get("/refunds", payment_id=payment["id"])).json()["items"]
    assert [refund["amount"]["value"] for refund in listed] == ["99.00", "100.00"]
    assert (await api.get(f"/refunds/{listed[0]['id']}")).json() == listed[0]


async def test_what_was_not_paid_cannot_be_refunded(api, later):
    for payment in (await api.begin(), await api.pay(Outcome.STOLEN), await api.pay(capture=False)):
        wanted = {"payment_id": payment["id"], "amount": payment["amount"]}
        refused(await api.post("/refunds", wanted), 400, "payment_id")
    unknown = {"payment_id": "22e12f66-000f-5000-8000-18db351245c7", "amount": {"value": "1.00", "currency": "RUB"}}
    refused(await api.post("/refunds", unknown), 400, "payment_id")
    old = await api.pay()
    later(days=3 * 365 + 1)
    refused(await api.post("/refunds", {"payment_id": old["id"], "amount": old["amount"]}), 400, "payment_id")


async def test_a_refund_may_take_its_time_and_may_fail(api, shop, later):
    payment = await api.pay()
    api.simulator.knobs.turn("slow_refund", Knob(seconds=3600, count=2))
    api.simulator.knobs.turn("refund_canceled", Knob(count=1))
    wanted = {"payment_id": payment["id"], "amount": payment["amount"]}
    refund = (await api.post("/refunds", wanted)).json()
    assert refund["status"] == "pending"
    refused(await api.post("/refunds", wanted), 400, "amount.value")
    later(hours=2)
    await api.simulator.tick()
    assert (await api.get(f"/refunds/{refund['id']}")).json()["status"] == "canceled"
    assert (await api.post("/refunds", wanted)).json()["status"] == "pending"
    later(hours=2)
    await api.simulator.tick()
    assert [body["event"] for body in shop.bodies].count("refund.succeeded") == 1


async def test_a_refund_made_in_the_cabinet_is_told_like_any_other(api, shop):
    payment = await api.pay()
    refund = api.simulator.refund_payment(payment["id"], 5_000)
    assert refund["amount"]["value"] == "50.00"
    await api.simulator.tick()
    assert shop.bodies[-1]["event"] == "refund.succeeded"
    with pytest.raises(Exception, match="14900 kopecks are left"):
        api.simulator.refund_payment(payment["id"], 20_000)


# Lists


async def test_lists_come_newest_first_page_by_page(api, later):
    payments = []
    for _ in range(5):
        payments.append((await api.begin())["id"])
        later(minutes=1)
    first = (await api.get("/payments", limit=2)).json()
    assert first["type"] == "list"
    second = (await api.get("/payments", limit=2, cursor=first["next_cursor"])).json()
    third = (await api.get("/payments", limit=2, cursor=second["next_cursor"])).json()
    assert "next_cursor" not in third
    walked = [payment["id"] for page in (first, second, third) for payment in page["items"]]
    assert walked == payments[::-1]


async def test_lists_are_narrowed_by_time_and_status(api, later):
    old = await api.pay()
    later(days=1)
    new = await api.begin()
    edge = new["created_at"]
    assert [payment["id"] for payment in (await api.get("/payments", **{"created_at.gte": edge})).json()["items"]] == [
        new["id"]
    ]
    assert [payment["id"] for payment in (await api.get("/payments", **{"created_at.lt": edge})).json()["items"]] == [
        old["id"]
    ]
    assert len((await api.get("/payments", status="succeeded")).json()["items"]) == 1


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"created_at.gte": "yesterday"}, {"cursor": "x"}, {"order_id": "1"}]
)
async def test_a_list_that_cannot_be_made_is_refused(api, query):
    refused(await api.get("/payments", **query), 400, next(iter(query)))


# Notifications, pages, controls


async def test_notifications_come_again_for_a_day_with_the_same_body_and_no_signature(api, shop, later):
    shop.statuses = [204] * 70
    await api.pay()
    for _ in range(70):
        await api.simulator.tick()
        later(minutes=30)
    assert 8 <= len(shop.received) <= 10
    assert len({body for _headers, body in shop.received}) == 1
    assert not any("signature" in name for headers, _body in shop.received for name in headers)
    assert api.simulator.outbox.deliveries()[0]["state"] == "gave_up"


async def test_everything_is_there_after_a_restart(api, tmp_path):
    await api.pay(save_payment_method=True)
    api.simulator.store.flush()
    assert YooKassa(tmp_path / "yookassa").truth() == api.simulator.truth()


@pytest.fixture
async def house(tmp_path):
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/sandbox", create_sandbox([YOOKASSA], tmp_path))]))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000/sandbox", auth=AUTH) as http:
        yield http


async def begun(house, key="k", **changes) -> dict:
    answer = await house.post("/yookassa/v3/payments", json=order(**changes), headers={"Idempotence-Key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_person_pays_at_the_hosted_page_and_is_sent_back(house):
    payment = await begun(house, description="VPN 1 month", receipt=RECEIPT)
    url = payment["confirmation"]["confirmation_url"]
    page = await house.get(url)
    assert "VPN 1 month" in page.text
    assert "199.00 ₽" in page.text
    assert "https://shop.example" in page.headers["content-security-policy"]
    back = await house.post(url, data={"card": "pays"})
    assert (back.status_code, back.headers["location"]) == (303, "https://shop.example/back")
    assert "Paid." in (await house.get(url)).text
    assert (await house.post(url, data={"card": "stolen"})).status_code == 303
    assert (await house.get(f"/yookassa/v3/payments/{payment['id']}")).json()["status"] == "succeeded"


async def test_a_person_who_is_declined_reads_why(house):
    url = (await begun(house))["confirmation"]["confirmation_url"]
    answer = await house.post(url, data={"card": "insufficient-funds"})
    page = await house.get(f"http://127.0.0.1:8000{answer.headers['location']}")
    assert "not enough money" in page.text
    assert "https://shop.example/back" in page.text


async def test_a_page_that_leads_nowhere_says_so(house):
    assert (await house.get("/yookassa/checkout/payments/v2/contract?orderId=nothing")).status_code == 404


async def test_a_payment_is_steered_over_http(house):
    one, other, third = [await begun(house, f"k{number}", save_payment_method=True) for number in range(3)]
    paid = await house.post(f"/api/yookassa/checkouts/{one['id']}/pay", json={"later": "insufficient_funds"})
    assert paid.json()["status"] == "succeeded"
    lost = await house.post(f"/api/yookassa/checkouts/{other['id']}/decline", json={"outcome": "stolen"})
    assert lost.json()["status"] == "canceled"
    assert (await house.post(f"/api/yookassa/checkouts/{third['id']}/expire")).json()["status"] == "canceled"
    method = paid.json()["payment_method"]["id"]
    assert (await house.post(f"/api/yookassa/methods/{method}", json={"outcome": "expired"})).json()[
        "later"
    ] == "expired"
    assert (await house.post(f"/api/yookassa/methods/{method}/revoke")).json()["status"] == "inactive"
    assert (await house.post(f"/api/yookassa/payments/{one['id']}/refund", json={"amount": 100})).status_code == 200
    assert (await house.post(f"/api/yookassa/payments/{one['id']}/dispute")).status_code == 409
    truth = (await house.get("/api/yookassa/truth")).json()
    assert [len(truth[name]) for name in ("payments", "refunds", "methods", "subscriptions")] == [3, 1, 1, 0]


async def test_the_shop_is_set_up_over_http(house):
    assert (await house.post("/api/yookassa/settings", json={"receipts": True})).json()["receipts"] is True
    assert (await house.get("/api/yookassa/settings")).json() == {
        "receipts": True,
        "recurring": True,
        "test": True,
        "confirmation_minutes": 60,
    }
    assert (await house.post("/api/yookassa/settings", json={"receits": True})).status_code == 422
    assert "/sandbox/api/yookassa/methods/{identity}/revoke" in (await house.get("/docs")).text
