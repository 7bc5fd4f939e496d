"""The marketplace misbehaves by the script of a seed; the house never believes it, and in the end knows the truth."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from business import Business
from programs import STOCK, Market, Program, until

pytestmark = pytest.mark.xdist_group("journeys")

FAULTS: dict[str, dict[str, Any]] = {
    "429": {"rate": 0.3},
    "402": {"rate": 0.2},
    "500": {"rate": 0.5},
    "503": {"rate": 0.5},
    "html": {"rate": 0.5, "status": 502},
    "truncated": {"rate": 0.5},
    "reset": {"rate": 0.3},
    "slow": {"rate": 0.2, "seconds": 0.2},
    "duplicates": {"rate": 1.0},
    "wrong-content-type": {"rate": 0.5},
    "empty": {"rate": 0.5},
    "drift": {"rate": 0.5, "variant": "null"},
}
HALF_AN_HOUR = 1800


@pytest.fixture(scope="module")
def market(unhurried: Business) -> Market:
    return Market(unhurried)


def live(person: Program, connection: str, seconds: int, *, step: int) -> None:
    """The clock moves in steps; after each, the house does what has come due."""
    for _step in range(0, seconds, step):
        person.business.advance(step)
        person.stay_signed_in()
        until(lambda: is_idle(person, connection), what="the house to come to rest")


def is_idle(person: Program, connection: str) -> bool:
    """Nothing is due: the next sync lies ahead, and a run that is under way waits for a limit."""
    clock = person.http.get("/sandbox/api/clock").json()["now"]
    shop, run = person.http.get(f"{STOCK}/connections/{connection}").json(), person.last_run()
    is_over = run["state"] not in ("queued", "running")
    return lies_ahead(shop["next_sync_at"], clock) and (is_over or lies_ahead(run["resumes_at"], clock))


def lies_ahead(moment: str | None, clock: str) -> bool:
    return bool(moment) and datetime.fromisoformat(moment) > datetime.fromisoformat(clock)


def settle(person: Program, connection: str) -> dict[str, Any]:
    """One more sync when all is well again, to its end."""
    person.finish(step=60)
    assert person.http.post(f"{STOCK}/connections/{connection}/sync").status_code == 202
    return person.finish(step=60)


def trade_of(business: Business, connection: str) -> tuple[int, int]:
    """How many orders and sales are kept, as the owner of the database counts them."""

    async def count() -> tuple[int, int]:
        database = await asyncpg.connect(**business.database("verf"))
        tables = ("orders", "sales")
        found = [
            await database.fetchval(f"SELECT count(*) FROM stock.{table} WHERE connection_id = $1", UUID(connection))
            for table in tables
        ]
        await database.close()
        return found[0], found[1]

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, count()).result()


@pytest.mark.parametrize(("seed", "products"), [(1, 100), (2, 100), (3, 1000)])
def test_after_any_script_of_faults_the_house_knows_the_truth(
    unhurried: Business, market: Market, seed: int, products: int
) -> None:
    dice, alias = random.Random(seed), f"script-{seed}"
    seller = market.seller(alias, products=products, orders_a_day=products * 0.6)
    person = Program.sign_up(unhurried, f"{alias}@faults.example")
    connection = person.connect(seller["tokens"]["service"])
    person.finish(step=60)
    # What is left of fewer than these may sell out and come back between two looks.
    known = {place for place, quantity in person.stock(connection_id=connection).items() if quantity > 5}
    assert len(known) > 20
    for _round in range(3):
        for kind in dice.sample(sorted(FAULTS), 3):
            market.fault(kind, seller=alias, for_seconds=dice.choice((900, HALF_AN_HOUR, 3600)), **FAULTS[kind])
        # Whatever the dice say, something goes wrong in each round.
        market.fault("500", seller=alias, count=1)
        assert person.http.post(f"{STOCK}/connections/{connection}/sync").status_code == 202
        live(person, connection, HALF_AN_HOUR, step=300)
        # Nothing is gone because an answer was half, empty or missing: only what is gone in truth.
        assert known & market.truth(seller["id"]).keys() - person.stock(connection_id=connection).keys() == set()
    market.heal()
    live(person, connection, 2 * 3600, step=HALF_AN_HOUR)
    market.http.post("/pause").raise_for_status()
    run = settle(person, connection)
    assert (run["state"], run["first_error"]) == ("ok", None)
    assert person.stock(connection_id=connection) == market.truth(seller["id"])
    orders, trade = market.orders(seller["id"]), trade_of(unhurried, connection)
    assert trade == (orders["orders"], orders["sales"] + orders["returns"])
    market.http.delete("/pause").raise_for_status()
    asked = market.requests(seller["id"])
    assert [entry for entry in asked if entry["was_early"]] == []
    assert len([entry for entry in asked if entry["status"] not in (200, 204)]) >= 3


def test_a_token_that_stops_working_is_told_within_one_cycle(unhurried: Business, market: Market) -> None:
    seller = market.seller("dismissed", products=5)
    person = Program.sign_up(unhurried, "dismissed@faults.example")
    connection = person.connect(seller["tokens"]["service"])
    person.finish(step=60)
    before = person.stock()
    market.http.post("/tokens/revoke", json={"token": seller["tokens"]["service"]}).raise_for_status()
    live(person, connection, 2 * HALF_AN_HOUR, step=600)
    shop = person.http.get(f"{STOCK}/connections/{connection}").json()
    assert (shop["state"], shop["state_reason"]) == ("invalid", "token-refused")
    assert person.last_run()["state"] == "failed"
    assert person.stock().keys() == before.keys()
    assert len([mail for mail in unhurried.mails(person.email) if "verify" not in mail["subject"].lower()]) >= 1
    page = person.http.get("/stock/connections", headers={"Accept": "text/html"}).text
    assert "token" in page
    fresh = next(each for each in market.http.get("/sellers").json() if each["id"] == seller["id"])["tokens"]["service"]
    assert person.http.put(f"{STOCK}/connections/{connection}/token", json={"token": fresh}).status_code == 200
    assert person.finish(step=60)["state"] == "ok"
    assert person.stock() == market.truth(seller["id"])
