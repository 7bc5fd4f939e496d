"""What all simulated providers share, tried with the smallest of them."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from verf.kit import now
from verf.manifest import Simulator
from verf.sandbox import create_sandbox
from verf.sandbox.payments.control import control_router
from verf.sandbox.payments.idempotency import Idempotency, KeyReused
from verf.sandbox.payments.knobs import Knob
from verf.sandbox.payments.outbox import Habits, Outbox, house_webhook
from verf.sandbox.payments.simulator import PaymentSimulator

HABITS = Habits(waits=[timedelta(minutes=5), timedelta(hours=1)])


class Toy(PaymentSimulator):
    """POST /v1/things makes a thing and tells about it; each thing ends after a day."""

    name, title, api = "toy", "Toy", "/v1"

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.app = FastAPI()
        self.app.post("/v1/things")(self.make)
        self.app.get("/pay/{thing}")(self.page)
        self.outbox = Outbox(
            self.store,
            self.dice,
            self.knobs,
            sign=lambda body, at: {"X-Length": str(len(body)), "X-At": at.isoformat()},
            target=lambda: house_webhook("toy"),
            habits=HABITS,
        )

    async def make(self, request: Request) -> JSONResponse:
        thing = {"id": self.dice.uuid(), "ends": (now() + timedelta(days=1)).isoformat(), "ended": False}
        self.store.put("thing", thing["id"], thing)
        self.outbox.post(f"made-{thing['id']}", "thing.made", thing)
        if request.query_params.get("break"):
            raise RuntimeError("after the change, before the answer")
        return JSONResponse(thing, 201)

    async def page(self, thing: str) -> JSONResponse:
        return JSONResponse(self.store.get("thing", thing))

    def error(self, status, retry_after):
        return JSONResponse({"toy": status}, status, headers={"Retry-After": str(retry_after)})

    def next_due(self):
        open_ones = [datetime.fromisoformat(thing["ends"]) for thing in self.store.all("thing") if not thing["ended"]]
        return min(open_ones, default=None)

    def live(self, at) -> None:
        for thing in self.store.all("thing"):
            if not thing["ended"] and datetime.fromisoformat(thing["ends"]) == at:
                self.store.put("thing", thing["id"], {**thing, "ended": True})
                self.outbox.post(f"ended-{thing['id']}", "thing.ended", {"id": thing["id"], "at": at.isoformat()}, at)

    def truth(self):
        return {"things": self.store.all("thing")}


@pytest.fixture
def toy(tmp_path, shop) -> Iterator[Toy]:
    toy = Toy(tmp_path / "toy")
    toy.outbox.transport = shop.transport
    yield toy
    toy.store.close()


def client(toy: Toy) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(toy, raise_app_exceptions=True), base_url="http://toy")


async def make(toy: Toy, times: int = 1) -> list[dict]:
    async with client(toy) as http:
        return [(await http.post("/v1/things")).json() for _ in range(times)]


@pytest.fixture
async def house(tmp_path, shop):
    """The toy, mounted and steered."""
    made = []

    def create(folder):
        made.append(Toy(folder))
        made[0].outbox.transport = shop.transport
        return made[0]

    simulator = Simulator(name="toy", title="Toy", create=create, control=control_router(Toy), tick=Toy.tick)
    sandbox = create_sandbox([simulator], tmp_path)
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/sandbox", sandbox)]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9500/sandbox") as http:
        yield http


# A world of its own


async def test_a_world_that_starts_over_knows_nothing_of_the_one_before(tmp_path, toy):
    await make(toy)
    toy.knobs.turn("drop", Knob(rate=1))
    await make(toy)
    seed = toy.dice.seed
    toy.start_over()
    assert toy.truth() == {"things": []}
    assert toy.outbox.deliveries() == []
    assert toy.knobs.acts("drop", "thing.made") is None
    assert toy.next_due() is None
    assert toy.dice.seed != seed
    [again] = await make(toy)
    assert [each["id"] for each in toy.outbox.deliveries()] == [1]
    reopened = Toy(tmp_path / "toy")
    assert reopened.truth() == {"things": [again]}
    reopened.store.close()


# Webhooks


async def test_a_webhook_is_signed_and_delivered_once(toy, shop):
    [thing] = await make(toy)
    await toy.tick()
    await toy.tick()
    [(headers, body)] = shop.received
    assert json.loads(body) == thing
    assert headers["x-length"] == str(len(body))
    assert headers["content-type"] == "application/json"
    [delivery] = toy.outbox.deliveries()
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200]


async def test_it_is_repeated_with_the_same_body_and_a_fresh_signature_until_it_is_taken(toy, shop, later):
    shop.statuses = [500, 302]
    await make(toy)
    await toy.tick()
    later(minutes=4)
    await toy.tick()
    assert len(shop.received) == 1
    later(minutes=2)
    await toy.tick()
    assert len(shop.received) == 2
    later(hours=1)
    await toy.tick()
    assert len(shop.received) == 3
    assert len({body for _headers, body in shop.received}) == 1
    assert len({headers["x-at"] for headers, _body in shop.received}) == 3
    assert toy.outbox.deliveries()[0]["state"] == "delivered"


async def test_after_the_last_attempt_it_is_given_up_and_can_be_sent_by_hand(toy, shop, later):
    shop.statuses = [500] * 3
    await make(toy)
    for _ in range(5):
        await toy.tick()
        later(days=0.1)
    assert len(shop.received) == 3
    [delivery] = toy.outbox.deliveries(state="gave_up")
    assert (await toy.outbox.again(delivery["id"]))["state"] == "delivered"
    assert len(shop.received) == 4


async def test_a_jump_of_the_clock_makes_one_attempt_not_all_of_them(toy, shop, later):
    shop.statuses = [500] * 9
    await make(toy)
    await toy.tick()
    later(hours=20)
    await toy.tick()
    assert len(shop.received) == 2


async def test_a_shop_that_is_down_is_an_attempt_too(toy, later):
    toy.outbox.transport = httpx.MockTransport(_refuse)
    await make(toy)
    await toy.tick()
    assert toy.outbox.deliveries()[0]["attempts"][0] == {
        "at": toy.outbox.deliveries()[0]["attempts"][0]["at"],
        "status": 0,
        "error": "ConnectError",
    }


def _refuse(request):
    raise httpx.ConnectError("nobody listens")


async def test_dropped_webhooks_never_arrive_and_doubled_ones_come_twice(toy, shop):
    toy.knobs.turn("drop", Knob(count=1))
    toy.knobs.turn("duplicate", Knob(count=1))
    first, second, third = await make(toy, 3)
    await toy.tick()
    assert [body["id"] for body in shop.bodies] == [second["id"], second["id"], third["id"]]
    assert toy.outbox.deliveries(state="dropped")[0]["event"] == f"made-{first['id']}"
    assert toy.knobs.reading() == {}


async def test_delayed_webhooks_come_later_and_reordered_ones_in_another_order(toy, shop, later):
    toy.knobs.turn("delay", Knob(seconds=3600, count=1))
    first, second = await make(toy, 2)
    await toy.tick()
    assert [body["id"] for body in shop.bodies] == [second["id"]]
    later(hours=1)
    await toy.tick()
    assert [body["id"] for body in shop.bodies] == [second["id"], first["id"]]
    shop.received.clear()
    toy.knobs.turn("reorder", Knob())
    things = [thing["id"] for thing in await make(toy, 20)]
    await toy.tick()
    arrived = [body["id"] for body in shop.bodies]
    assert sorted(arrived) == sorted(things)
    assert arrived != things


async def test_webhooks_may_come_all_at_once(toy):
    inside, most = 0, 0

    async def count(request):
        nonlocal inside, most
        inside, most = inside + 1, max(most, inside + 1)
        await asyncio.sleep(0.01)
        inside -= 1
        return Response()

    toy.outbox.transport = httpx.ASGITransport(Starlette(routes=[Route("/{path:path}", count, methods=["POST"])]))
    await make(toy, 5)
    await toy.tick()
    assert most == 1
    toy.knobs.turn("together", Knob())
    await make(toy, 5)
    await toy.tick()
    assert most == 5
    assert {delivery["state"] for delivery in toy.outbox.deliveries()} == {"delivered"}


async def test_the_same_seed_makes_the_same_world(tmp_path):
    worlds = []
    for name in ("one", "other"):
        toy = Toy(tmp_path / name)
        toy.dice.sow("7")
        toy.knobs.turn("drop", Knob(rate=0.5))
        await make(toy, 20)
        worlds.append([(delivery["event"], delivery["state"]) for delivery in toy.outbox.deliveries()])
    assert worlds[0] == worlds[1]
    assert {state for _event, state in worlds[0]} == {"waiting", "dropped"}


async def test_a_new_world_never_repeats_the_identifiers_of_an_old_one(tmp_path):
    assert (await make(Toy(tmp_path / "one")))[0]["id"] != (await make(Toy(tmp_path / "other")))[0]["id"]


# Time and memory


async def test_what_is_due_happens_in_order_and_then_is_told(toy, shop, later):
    first, second = await make(toy, 2)
    later(days=40)
    assert await toy.tick() == 2
    assert [body["id"] for body in shop.bodies] == [first["id"], second["id"], first["id"], second["id"]]
    assert await toy.tick() == 0


async def test_a_step_of_the_clock_is_answered_when_all_of_it_has_happened(house, shop):
    await house.post("/toy/v1/things")
    await house.post("/api/clock", json={"advance_seconds": 86_400})
    assert [headers["host"] for headers, _body in shop.received] == ["127.0.0.1:8000"] * 2
    assert (await house.get("/api/toy/truth")).json()["things"][0]["ended"] is True


async def test_everything_is_there_after_a_restart(toy, tmp_path, shop, later):
    shop.statuses = [500]
    [thing] = await make(toy)
    toy.knobs.turn("drop", Knob(count=3))
    toy.store.flush()
    await toy.tick()
    again = Toy(tmp_path / "toy")
    again.outbox.transport = shop.transport
    assert again.truth() == {"things": [thing]}
    assert again.knobs.reading()["drop"]["count"] == 3
    assert again.dice.seed == toy.dice.seed
    later(minutes=6)
    await again.tick()
    assert len(shop.received) == 2


async def test_a_request_that_breaks_has_changed_nothing(toy, tmp_path):
    async with client(toy) as http:
        with pytest.raises(RuntimeError):
            await http.post("/v1/things?break=1")
    assert toy.truth() == {"things": []}
    assert toy.outbox.deliveries() == []
    assert Toy(tmp_path / "toy").truth() == {"things": []}


async def test_what_was_answered_is_on_the_disk(toy, tmp_path):
    [thing] = await make(toy)
    with sqlite3.connect(tmp_path / "toy" / "state.sqlite3") as other:
        rows = other.execute("SELECT content FROM documents WHERE kind = 'thing'").fetchall()
    other.close()
    assert [json.loads(content) for (content,) in rows] == [thing]


async def test_a_key_is_remembered_for_its_time_and_belongs_to_one_request(toy, later):
    keys = Idempotency(toy.store)
    assert keys.recall("k", "POST", "/v1/things", b"{}") is None
    keys.remember("k", "POST", "/v1/things", b"{}", status=201, answer={"id": 1})
    remembered = keys.recall("k", "POST", "/v1/things", b"{}")
    assert (remembered.status, remembered.body) == (201, {"id": 1})
    with pytest.raises(KeyReused):
        keys.recall("k", "POST", "/v1/things", b"{ }")
    later(hours=24)
    assert keys.recall("k", "POST", "/v1/things", b"other") is None


# Bad days of the provider's own API


@pytest.mark.parametrize("knob, status, made", [("fail", 500, 0), ("fail_after", 500, 1), ("too_many", 429, 0)])
async def test_the_api_fails_before_or_after_the_work(toy, knob, status, made):
    toy.knobs.turn(knob, Knob(count=1, seconds=30, path="/v1"))
    async with client(toy) as http:
        answer = await http.post("/v1/things")
        assert (answer.status_code, answer.json()) == (status, {"toy": status})
        assert len(toy.truth()["things"]) == made
        assert (await http.post("/v1/things")).status_code == 201
    if knob == "too_many":
        assert answer.headers["retry-after"] == "30"


@pytest.mark.parametrize("knob, made", [("timeout", 0), ("timeout_after", 1)])
async def test_the_api_hangs_before_or_after_the_work(toy, tmp_path, knob, made):
    toy.knobs.turn(knob, Knob(count=1))
    async with client(toy) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.post("/v1/things")
    assert len(toy.truth()["things"]) == len(Toy(tmp_path / "toy").truth()["things"]) == made
    assert toy.knobs.reading() == {}


async def test_faults_concern_the_protocol_and_not_the_pages(toy):
    toy.knobs.turn("fail", Knob())
    async with client(toy) as http:
        assert (await http.get("/pay/1")).status_code == 200


# Controls


async def test_knobs_are_turned_and_read_over_http(house):
    answer = await house.post("/api/toy/knobs", json={"drop": {"rate": 0.5}, "fail": {"count": 2}, "seed": "7"})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()["turned"]) == {"drop", "fail"}
    assert answer.json()["seed"] == "7"
    assert set((await house.post("/api/toy/knobs", json={"drop": None})).json()["turned"]) == {"fail"}
    assert (await house.delete("/api/toy/knobs")).json()["turned"] == {}


@pytest.mark.parametrize("body", [{"dorp": {}}, {"drop": {"rate": 2}}, {"drop": {"many": 1}}, {"drop": 5}, []])
async def test_a_typing_error_in_a_knob_is_no_silent_success(house, body):
    assert (await house.post("/api/toy/knobs", json=body)).status_code == 422


async def test_deliveries_are_read_and_repeated_over_http(house, shop):
    await house.post("/toy/v1/things")
    assert (await house.post("/api/toy/tick")).json() == {"steps": 0}
    [delivery] = (await house.get("/api/toy/deliveries", params={"kind": "thing.made"})).json()
    assert (await house.post(f"/api/toy/deliveries/{delivery['id']}/again")).json()["state"] == "delivered"
    assert len(shop.received) == 2
    assert (await house.post("/api/toy/deliveries/99/again")).status_code == 404


async def test_what_a_provider_does_not_have_cannot_be_steered(house):
    answer = await house.post("/api/toy/subscriptions/1/cancel")
    assert (answer.status_code, answer.json()["detail"]) == (409, "Toy keeps no subscriptions.")


async def test_the_controls_are_documented(house):
    docs = (await house.get("/docs")).text
    assert "/sandbox/api/toy/knobs" in docs
