"""Two organisations in one house: neither finds a trace of the other, whatever it asks and however."""

import json
import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from business import Business
from programs import STOCK, Market, Program

from verf.app import all_rooms

pytestmark = pytest.mark.xdist_group("journeys")

# What a form or body of a changing route may look like; which of it a route reads does not matter here.
ANYTHING = {
    "role": "viewer",
    "token": "a.b.c",
    "name": "Mine now",
    "is_on": False,
    "threshold": 1,
    "measure": "quantity",
    "lead_days": "3",
    "email": "x@isolation.example",
}
# Withdrawing what is gone already is no mistake, so a foreign id is answered like an old one: nothing happens.
REPEATABLE = {"/organisation/invitations/{invitation_id}/withdraw"}
# Who belongs where is read at sign-in, before any organisation is chosen; once one is, these are walled like the rest.
READ_AT_SIGN_IN = {"organisations.organisations", "organisations.members"}


@pytest.fixture(scope="module")
def anna(unhurried: Business) -> Program:
    """Has a shop with everything in it."""
    person = Program.sign_up(unhurried, "anna@isolation.example", organisation="Annas Speicher")
    person.connect(Market(unhurried).seller("isolated")["tokens"]["service"])
    assert person.finish()["state"] == "ok"
    return person


@pytest.fixture(scope="module")
def boris(unhurried: Business) -> Program:
    return Program.sign_up(unhurried, "boris@isolation.example", organisation="Boris & Co")


@pytest.fixture(scope="module")
def belongings(anna: Program) -> dict[str, str]:
    """Ids of everything of Anna's, by the name that routes give them."""
    invitation = anna.http.post(
        "/organisation/invitations", data={"email": "guest@isolation.example", "role": "viewer"}
    )
    assert invitation.status_code in (200, 303), invitation.text
    page = anna.http.get("/organisation").text
    found = {
        "connection_id": first(anna, "connections"),
        "run_id": first(anna, "runs"),
        "product_id": first(anna, "products"),
        "rule_id": first(anna, "alert-rules"),
        "session_id": anna.http.get("/api/v1/auth/sessions").json()[0]["id"],
        "organisation_id": anna.http.get("/api/v1/organisation").json()["id"],
        "person_id": anna.http.get("/api/v1/organisation/members").json()[0]["id"],
        "invitation_id": re.findall(r"/organisation/invitations/([0-9a-f-]{36})/withdraw", page)[0],
    }
    assert all(UUID(value) for value in found.values())
    return found


def first(person: Program, things: str) -> str:
    return str(person.http.get(f"{STOCK}/{things}").json()["items"][0]["id"])


def routes() -> Iterator[tuple[str, str]]:
    """Every method and path of the house, pages included."""
    for room in all_rooms():
        for router in room.routers:
            for route in router.routes:
                for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
                    yield method, route.path


def ask(person: Program, method: str, path: str) -> httpx.Response:
    wants = "application/json" if path.startswith("/api/") else "text/html"
    body = {"json": ANYTHING} if path.startswith("/api/") else {"data": ANYTHING}
    return person.http.request(method, path, headers={"Accept": wants}, **({} if method == "GET" else body))


def test_no_route_takes_an_id_of_another_organisation(
    anna: Program, boris: Program, belongings: dict[str, str]
) -> None:
    walked = 0
    for method, path in routes():
        names = set(re.findall(r"{(\w+)}", path))
        if not names or not names <= belongings.keys():
            continue
        walked += 1
        answer = ask(boris, method, path.format(**belongings))
        refused = (403, 404) if path not in REPEATABLE else (303,)
        assert answer.status_code in refused, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        nothing_of_anna(answer, belongings, f"{method} {path}")
    assert walked >= 20
    for thing in ("connections", "runs", "products", "alert-rules"):
        assert anna.http.get(f"{STOCK}/{thing}").json()["items"], thing
    assert anna.http.get("/api/v1/organisation").json()["name"] == "Annas Speicher"
    assert anna.http.get("/api/v1/auth/sessions").status_code == 200
    assert belongings["invitation_id"] in anna.http.get("/organisation").text


def test_unknown_and_foreign_ids_cannot_be_told_apart(boris: Program, belongings: dict[str, str]) -> None:
    for path in (
        f"{STOCK}/connections/{{}}",
        f"{STOCK}/runs/{{}}",
        f"{STOCK}/products/{{}}",
        f"{STOCK}/alert-rules/{{}}",
    ):
        name = path.split("/")[-2].replace("alert-rules", "rule").rstrip("s") + "_id"
        foreign, unknown = (boris.http.get(path.format(one)) for one in (belongings[name], uuid4()))
        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert without_traces(foreign) == without_traces(unknown)


def without_traces(answer: httpx.Response) -> dict[str, object]:
    return {name: value for name, value in answer.json().items() if name not in ("instance", "request_id")}


def test_no_list_page_export_or_filter_shows_anything_of_another(
    boris: Program, anna: Program, belongings: dict[str, str]
) -> None:
    connection, product = belongings["connection_id"], belongings["product_id"]
    queries = ("", f"?connection_id={connection}", f"?product_id={product}", f"?connection={connection}")
    for method, path in routes():
        if method != "GET" or "{" in path or path.endswith(("/live", "/metrics")) or path.startswith("/staff"):
            continue
        for query in queries if "/stock" in path else ("",):
            answer = ask(boris, "GET", path + query)
            assert answer.status_code < 500, path
            nothing_of_anna(answer, belongings, path + query, asked=query)
    assert boris.products(connection_id=connection) == []


def nothing_of_anna(answer: httpx.Response, belongings: dict[str, str], where: str, *, asked: str = "") -> None:
    # An address that was asked for may be repeated; an id that was not, or a name, may not.
    text = answer.content.decode("utf-8", "replace")
    for secret in ("anna@isolation.example", "Annas Speicher", "guest@isolation.example"):
        assert secret not in text, f"{where}: {secret}"
    if "{" not in where:
        leaked = [value for value in belongings.values() if value in text and value not in asked]
        assert leaked == [], f"{where}: {leaked}"


def test_staff_pages_are_for_staff(boris: Program) -> None:
    for method, path in routes():
        if path.startswith("/staff"):
            answer = ask(boris, method, re.sub(r"{\w+}", "1", path))
            assert answer.status_code in (403, 404), f"{method} {path}: {answer.status_code}"


def test_a_live_page_hears_nothing_of_another_organisation(anna: Program, boris: Program) -> None:
    """Both listen; Anna's shop is synchronised; then something of Boris's own comes, and it is the first he hears."""
    with boris.http.stream("GET", "/stock/live", headers={"Accept": "text/event-stream"}) as stream:
        lines = stream.iter_lines()
        next(lines)
        started = anna.http.post(f"{STOCK}/connections/{first(anna, 'connections')}/sync")
        assert started.status_code == 202
        anna.finish()
        seller = Market(boris.business).seller("of-boris", products=3)
        boris.connect(seller["tokens"]["service"])
        own_run = boris.last_run()["id"]
        heard = next(line for line in lines if line.startswith("data:") and "run" in line)
    assert json.loads(heard.removeprefix("data:"))["run"] == own_run


async def test_the_apps_own_role_sees_nothing_without_a_filter(anna: Program, unhurried: Business) -> None:
    """As an attacker would who can send any statement over the app's connection, all tables, no WHERE."""
    connection = await asyncpg.connect(**unhurried.database("verf_app"))
    try:
        tables = await connection.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relrowsecurity"
        )
        names = {table["name"] for table in tables}
        assert {"stock.products", "stock.orders", "organisations.members", "organisations.credentials"} <= names
        for name in names:
            unscoped = await connection.fetchval(f"SELECT count(*) FROM {name}")
            assert unscoped == 0 or name in READ_AT_SIGN_IN, name
            async with connection.transaction():
                await connection.execute("SELECT set_config('verf.organisation', $1, true)", str(uuid4()))
                assert await connection.fetchval(f"SELECT count(*) FROM {name}") == 0, name
        for trick in (
            "SET row_security = off",
            "SET ROLE verf",
            "ALTER TABLE stock.products DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(trick)
                await connection.execute("SELECT count(*) FROM stock.products")
    finally:
        await connection.close()
    assert anna.products()
