"""How often somebody may try, told in headers; and sessions that hold over real sockets and several processes."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from business import Business
from programs import STOCK, Program

pytestmark = pytest.mark.xdist_group("journeys")


@pytest.fixture(scope="module")
def anna(business: Business) -> Program:
    return Program.sign_up(business, "anna@limits.example")


def try_to_log_in(person: Program, address: str) -> httpx.Response:
    stranger = person.another(**{"X-Forwarded-For": address})
    return stranger.post("/api/v1/auth/login", json={"email": person.email, "password": "guessed wrongly"})


def test_credentials_may_be_tried_five_times_a_minute_from_an_address_and_for_an_account(business: Business) -> None:
    victim = Program(business, "victim@limits.example")
    answers = [try_to_log_in(victim, "203.0.113.50") for _try in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers[:5]] == ["r=4", "r=3", "r=2", "r=1", "r=0"]
    last = answers[-1]
    assert last.headers["ratelimit-policy"].startswith('"credentials";q=5;w=60')
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert (last.json()["code"], last.json()["status"]) == ("quota-exceeded", 429)
    # From elsewhere the same account is closed too, and from there another account is not.
    assert try_to_log_in(victim, "203.0.113.51").status_code == 429
    other = Program(business, "other@limits.example")
    assert try_to_log_in(other, "203.0.113.52").status_code == 401


def test_reads_are_counted_by_person(business: Business, anna: Program) -> None:
    answers = [anna.http.get("/api/v1/auth/me") for _read in range(105)]
    statuses = [answer.status_code for answer in answers]
    assert 95 <= statuses.count(200) <= 100
    assert statuses[-1] == 429
    assert "retry-after" in answers[-1].headers
    assert answers[0].headers["ratelimit-policy"].startswith('"reads";q=100;w=60')
    # Somebody else at the same address has reads of their own.
    assert anna.another().get("/api/v1/auth/me").status_code == 401


def test_fifty_refreshes_at_once_are_one_lineage(business: Business) -> None:
    racer = Program.sign_up(business, "racer@limits.example")
    old = racer.refresh_token

    def refresh(token: str) -> httpx.Response:
        with racer.another() as client:
            return client.post("/api/v1/auth/refresh", json={"refresh_token": token})

    with ThreadPoolExecutor(50) as people:
        answers = list(people.map(refresh, [old] * 50))
    assert {answer.status_code for answer in answers} <= {200, 409}
    given = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
    assert len(given) == 1
    [newest] = given
    after = refresh(newest)
    assert after.status_code == 200
    following = refresh(after.json()["refresh_token"])
    assert following.status_code == 200
    racer.take(following.json())
    assert len(racer.http.get("/api/v1/auth/sessions").json()) == 1
    # Later on, the grandfather of the token in use can only be a stolen one: the session ends, whoever asks.
    business.advance(60)
    assert refresh(old).status_code == 401
    assert racer.http.get("/api/v1/auth/me").status_code == 401
    assert refresh(racer.refresh_token).status_code == 401
    business.wait_for_mail(racer.email, "ended one of your sessions")


def test_signing_out_ends_access_in_every_process_at_once(business: Business, anna: Program) -> None:
    elsewhere = Business(business.folder, settings=business.settings).start("serve")
    try:
        anna.log_in()
        with anna.another(Authorization=anna.http.headers["Authorization"]) as client:
            there = f"{elsewhere.url}{STOCK}/connections"
            assert client.get(there).status_code == 200
            assert anna.http.post("/api/v1/auth/logout").status_code == 204
            assert client.get(there).status_code == 401
            assert client.get(f"{STOCK}/connections").status_code == 401
            answer = client.post(f"{elsewhere.url}/api/v1/auth/refresh", json={"refresh_token": anna.refresh_token})
            assert answer.status_code == 401
    finally:
        assert elsewhere.stop() == 0
    assert business.is_ready()
