"""Processes die without a word, machines are switched off: what was said to be done stays done, the rest goes on."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from business import Business, folder_for_everyone
from programs import STOCK, UNHURRIED, Market, Program, until

pytestmark = pytest.mark.xdist_group("journeys")
# A dead worker is noticed after this silence; ten seconds by default.
QUICK = {"VERF_JOBS_HEARTBEAT_TIMEOUT": "PT1S", **UNHURRIED}
STOP_SECONDS = 20


@pytest.fixture(scope="module")
def house() -> Iterator[Business]:
    """Killed and started again over the same data."""
    with folder_for_everyone() as folder:
        running = Business(folder, settings=QUICK).start()
        yield running
        if running.process and running.process.poll() is None:
            running.stop()


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    with folder_for_everyone() as folder:
        yield folder


@pytest.fixture(scope="module")
def anna(house: Business) -> Program:
    return Program.sign_up(house, "anna@restart.example")


def kill_the_house(house: Business) -> None:
    house.kill()
    house.start()


def kill_the_database(house: Business) -> None:
    """The house brings it back by itself."""
    os.kill(house.postmaster, signal.SIGKILL)
    until(lambda: not house.is_ready(), what="the house to notice")
    house.wait_until_ready()


def kill_everything(house: Business) -> None:
    for line in house.processes():
        with suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGKILL)
    house.kill()
    house.start()


def in_the_middle(anna: Program, market: Market, alias: str) -> tuple[str, str]:
    """A shop whose first sync hangs in a late step, when much is read and something is not."""
    seller = market.seller(alias)
    market.fault("slow", seller=alias, path="/api/v1/supplier/orders", seconds=8)
    connection = anna.connect(seller["tokens"]["service"])
    until(lambda: state_of(anna, "seller_stocks") == "ok", what="a run in its middle")
    return seller["id"], connection


def state_of(anna: Program, step: str) -> str:
    return str(next(each["state"] for each in anna.last_run()["steps"] if each["name"] == step))


def promise_a_mail(house: Business, email: str, fault: dict[str, object]) -> None:
    somebody = Program(house, email)
    somebody.http.post("/sandbox/api/mail/faults", json=fault).raise_for_status()
    wish = {"email": email, "password": "seven green lighthouses"}
    assert somebody.http.post("/api/v1/auth/register", json=wish).status_code == 201


def mails_in_the_end(house: Business, email: str) -> int:
    Program(house, email).http.post("/sandbox/api/mail/faults", json={"mode": None}).raise_for_status()
    until(lambda: house.mails(email) or house.advance(5), what="the mail that was promised")
    return len(house.mails(email))


@pytest.mark.parametrize(
    ("kill", "fault", "mails"),
    [
        # Cut off in the middle of its sending a mail may come twice: better than not at all.
        (kill_the_house, {"mode": "slow", "count": 1}, {1, 2}),
        (kill_the_database, {"mode": "greylist", "count": 2}, {1}),
        (kill_everything, {"mode": "greylist"}, {1}),
    ],
)
def test_nothing_acknowledged_is_lost_when_processes_die(
    house: Business, anna: Program, kill: Callable[[Business], None], fault: dict[str, object], mails: set[int]
) -> None:
    name = kill.__name__.replace("_", "-")
    market = Market(house)
    seller, connection = in_the_middle(anna, market, name)
    run = anna.last_run()
    rule = anna.http.post(f"{STOCK}/alert-rules", json={"measure": "quantity", "threshold": 7}).json()["id"]
    promise_a_mail(house, f"{name}@restart.example", fault)
    kill(house)
    assert anna.http.get("/api/v1/auth/me").json()["email"] == anna.email
    assert anna.http.get(f"{STOCK}/alert-rules/{rule}").json()["threshold"] == 7
    assert anna.http.get(f"{STOCK}/connections/{connection}").json()["state"] == "active"
    market.heal()
    resumed = anna.finish()
    assert (resumed["id"], resumed["state"], resumed["first_error"]) == (run["id"], "ok", None)
    assert anna.stock(connection_id=connection) == market.truth(seller)
    assert [one for one in market.requests(seller) if one["was_early"]] == []
    assert mails_in_the_end(house, f"{name}@restart.example") in mails


def test_a_second_start_on_the_same_port_is_a_sentence(house: Business) -> None:
    second = house.run("up")
    assert second.wait(timeout=60) == 1
    assert f"Port {house.port} is in use already. VERF_PORT chooses another" in house.output.splitlines()[-1]
    assert house.is_ready()


def test_web_and_worker_live_apart_and_beside_another_house(house: Business, elsewhere: Path) -> None:
    """The same journey in two processes, in a second house while the first one runs."""
    apart = Business(elsewhere, settings=QUICK)
    assert apart.run("migrate").wait(timeout=60) == 0
    worker = apart.run("work")
    apart.start("serve")
    try:
        boris = Program.sign_up(apart, "boris@restart.example")
        market = Market(apart)
        seller, _connection = in_the_middle(boris, market, "apart")
        worker.kill()
        worker.wait()
        worker = apart.run("work")
        market.heal()
        assert boris.finish()["state"] == "ok"
        assert boris.stock() == market.truth(seller)
        assert house.is_ready()
        in_the_middle(boris, market, "drained")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=STOP_SECONDS + 10) == 0
        # It finished what it was doing instead of dropping it.
        assert state_of(boris, "orders") in ("ok", "waiting", "running")
    finally:
        worker.kill()
        worker.wait()
        assert apart.stop(signal.SIGTERM, within=STOP_SECONDS) == 0
    assert apart.processes() == []
    assert house.is_ready()


def test_ctrl_c_stops_everything(house: Business) -> None:
    assert house.stop(signal.SIGINT, within=STOP_SECONDS) == 0
    assert house.processes() == []
