import json

import pytest
from starlette.routing import Route

PAGE = {"accept": "text/html"}
STATUSES = {
    "invalid": 422,
    "not-allowed": 403,
    "not-found": 404,
    "conflict": 409,
    "not-signed-in": 401,
    "too-many": 429,
    "unavailable": 503,
}


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
async def test_every_error_is_a_problem_for_programs(client, code, status):
    answer = await client.get(f"/api/v1/fail/{code}")
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["type"] == f"http://127.0.0.1:8000/problems/{code}"
    assert problem["instance"] == f"/api/v1/fail/{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["detail"]


async def test_a_problem_carries_what_its_reader_needs(client):
    assert (await client.get("/api/v1/fail/not-allowed")).json()["permission"] == "billing.write"
    assert (await client.get("/api/v1/fail/too-many")).headers["retry-after"] == "17"
    faults = (await client.get("/api/v1/fail/invalid")).json()["errors"]
    assert faults == [{"pointer": "/body/plan", "code": "invalid", "detail": "Choose a plan."}]


@pytest.mark.parametrize(("code", "status"), [pair for pair in STATUSES.items() if pair[1] != 401])
async def test_every_error_is_a_page_for_people(client, code, status):
    answer = await client.get(f"/fail/{code}", headers=PAGE)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-request-id"] in answer.text


async def test_who_is_not_signed_in_goes_and_comes_back(client):
    answer = await client.get("/fail/not-signed-in?a=1", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Ffail%2Fnot-signed-in%3Fa%3D1")


async def test_an_open_page_shows_the_error_where_the_person_is(client):
    answer = await client.get("/fail/conflict", headers={**PAGE, "hx-request": "true"})
    assert answer.status_code == 409
    assert answer.headers["hx-reswap"] == "none"
    assert json.loads(answer.headers["hx-trigger"])["toast"]["text"] == "A sync is running already."


@pytest.mark.parametrize("path", ["/fail/crash", "/api/v1/fail/crash"])
async def test_a_crash_tells_nothing_of_the_inside(client, path):
    answer = await client.get(path, headers=PAGE)
    assert answer.status_code == 500
    assert "recipe" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b'"\xff"', b"[" * 100_000, b"9" * 10_000], ids=range(5))
async def test_malformed_json_is_400(client, body):
    answer = await client.post("/api/v1/accounts", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


async def test_wrong_values_are_named_one_by_one(client):
    answer = await client.post("/api/v1/accounts", json={"email": "a", "password": "x", "age": "old"})
    assert answer.status_code == 422
    assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == {
        "/body/email": "Use at least 3 characters.",
        "/body/age": "Enter a whole number.",
    }


async def test_unknown_addresses_and_methods_are_problems_too(client):
    assert (await client.get("/api/v1/nothing")).json()["code"] == "not-found"
    wrong = await client.delete("/api/v1/accounts")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method-not-allowed", "POST")


async def test_an_unknown_cursor_is_invalid(client):
    answer = await client.get("/api/v1/listing", params={"cursor": "nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-cursor")


async def test_every_type_of_problem_explains_itself(client):
    for code in ("not-found", "invalid", "internal-error", "cross-site-request", "unknown-cursor"):
        assert (await client.get(f"/problems/{code}", headers=PAGE)).status_code == 200


async def test_openapi_lists_the_problems_of_every_operation(app):
    document = app.openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert operations
    for operation in operations:
        for status in ("422", "500", "default"):
            assert "application/problem+json" in operation["responses"][status]["content"]
    codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert {"not-found", "malformed-json", "unknown-cursor", "too-many"} <= set(codes)


async def test_every_route_answers_failures_in_the_same_form(app, client):
    """Whatever the route: nonsense never gets a bare text, a stack trace or FastAPI's own JSON."""
    for route in app.routes:
        if not isinstance(route, Route) or "static" in route.path:
            continue
        path = route.path.replace("{", "").replace("}", "").replace(":path", "")
        for method in ("GET", "POST", "DELETE"):
            answer = await client.request(method, path, headers={"accept": "application/json"})
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", (method, path)


async def test_the_reference_of_the_api_is_a_page(client):
    answer = await client.get("/docs", headers=PAGE)
    assert answer.status_code == 200
    assert "/api/v1/accounts" in answer.text
    assert "/fail/{name}" not in answer.text.replace("/api/v1/fail/{name}", "")
