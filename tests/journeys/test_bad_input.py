"""Whatever is sent, the answer is clear, of the promised shape, never a 500, and what was there before still is."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from business import Business
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import PASSWORD, STOCK, Market, Program, token_in, until

pytestmark = pytest.mark.xdist_group("journeys")

JUNK = [
    "",
    "null",
    "\x00",
    "%00",
    "../../etc/passwd",
    "-1",
    "0",
    "9" * 400,
    "1e400",
    "NaN",
    "🦊",
    "' OR 1=1 --",
    "{{7*7}}",
]


@pytest.fixture(scope="module")
def market(unhurried: Business) -> Market:
    return Market(unhurried)


@pytest.fixture(scope="module")
def seller(market: Market) -> dict[str, Any]:
    return market.seller("mistaken")


@pytest.fixture(scope="module")
def anna(unhurried: Business, market: Market, seller: dict[str, Any]) -> Iterator[Program]:
    person = Program.sign_up(unhurried, "anna@mistakes.example")
    person.connect(seller["tokens"]["service"])
    assert person.finish()["state"] == "ok"
    # Nobody buys anything meanwhile: whatever changes was changed by a test.
    market.http.post("/pause").raise_for_status()
    yield person
    market.http.delete("/pause").raise_for_status()


@pytest.fixture(autouse=True)
def the_data_stay_whole(anna: Program) -> Iterator[None]:
    anna.stay_signed_in()
    before = (anna.stock(), anna.http.get(f"{STOCK}/connections").json()["items"][0]["id"])
    yield
    anna.stay_signed_in()
    assert (anna.stock(), anna.http.get(f"{STOCK}/connections").json()["items"][0]["id"]) == before


def is_problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """RFC 9457 with our additions, and nothing of our insides."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text[:500]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code", "request_id"} <= problem.keys()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert code is None or problem["code"] == code, problem
    assert "Traceback" not in answer.text
    assert "asyncpg" not in answer.text
    return dict(problem)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("personal", "personal"),
        ("test", "test"),
        ("expired", "expired"),
        ("foreign-service", "refused"),
        ("writing", ""),
        ("no-analytics", ""),
    ],
)
def test_a_token_that_may_not_be_used_is_explained(anna: Program, market: Market, kind: str, reason: str) -> None:
    token = market.seller(f"refused-{kind}", products=1)["tokens"][kind]
    answer = anna.http.post(f"{STOCK}/connections", json={"marketplace": "wildberries", "token": token})
    if kind in ("writing", "no-analytics") and answer.status_code == 201:
        # Usable with a warning: a token that could write, or reads less.
        assert anna.http.delete(f"{STOCK}/connections/{answer.json()['id']}").status_code == 204
        return
    problem = is_problem(answer, 422)
    assert reason in problem["detail"]
    assert token not in answer.text


def test_a_revoked_token_is_refused_by_the_marketplace_and_said_so(anna: Program, market: Market) -> None:
    token = market.seller("revoked", products=1)["tokens"]["service"]
    market.http.post("/tokens/revoke", json={"token": token}).raise_for_status()
    problem = is_problem(anna.http.post(f"{STOCK}/connections", json={"token": token}), 422)
    assert "refused" in problem["detail"]


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "я.ю.э", "e" * 100_000, ".".join(["A" * 5000] * 3), "\x00", "a.b", "..."]
)
def test_nonsense_is_not_a_token(anna: Program, token: str) -> None:
    is_problem(anna.http.post(f"{STOCK}/connections", json={"token": token}), 422)


def test_a_body_of_100_mb_is_refused_early_and_not_kept_in_memory(anna: Program) -> None:
    assert anna.business.process
    status = Path(f"/proc/{anna.business.process.pid}/status")
    peak = lambda: int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) // 1024  # noqa: E731
    before = peak()
    for path in ("/api/v1/auth/login", f"{STOCK}/connections"):
        declared = anna.http.post(path, content=b"x" * 100_000_000, headers={"Content-Type": "application/json"})
        is_problem(declared, 413)
        endless = anna.http.post(path, content=pieces(), headers={"Content-Type": "application/json"})
        is_problem(endless, 413)
    assert peak() - before < 40, f"{peak() - before} MB more"


def pieces() -> Iterator[bytes]:
    for _piece in range(100):
        yield b"x" * 1_000_000


MALFORMED = [
    *(b"", b"{", b'{"token":', b"null", b"[]", b'"text"', b"NaN", b'{"token": 1e999}', b'{"token": {"a": 1}}'),
    *(b"\xff\xfe\x00", b'{"token": "\xff"}', b'{"token": "\\u0000"}', b'{"token": "\\ud800"}'),
    b'{"token": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"token": ' + b"9" * 10_000 + b"}",
    b'{"token": "a", "token": "b"}',
]


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_json_is_a_problem(anna: Program, content: bytes) -> None:
    for method, path in (("POST", f"{STOCK}/connections"), ("POST", f"{STOCK}/alert-rules")):
        answer = anna.http.request(method, path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        is_problem(answer, answer.status_code, None if answer.status_code == 422 else "malformed-json")


def test_deep_and_garbled_credentials_are_a_problem(anna: Program) -> None:
    for number, body in enumerate((b"[" * 100_000, b'{"email": "\\u0000@x.example", "password": "\\ud800"}', b"\xff")):
        stranger = anna.another(**{"X-Forwarded-For": f"203.0.113.{number + 1}"})
        answer = stranger.post("/api/v1/auth/login", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 401, 422)
        is_problem(answer, answer.status_code)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "", "application/json; charset=utf-16"]
)
def test_a_wrong_content_type_is_a_problem(anna: Program, kind: str) -> None:
    answer = anna.http.post(f"{STOCK}/connections", content=b"token=a.b.c", headers={"Content-Type": kind})
    assert answer.status_code in (400, 415, 422)
    is_problem(answer, answer.status_code)


@pytest.mark.parametrize("cursor", [*JUNK, "AAAA", "a" * 5000, "eyJ4IjoxfQ", "bm90LWEtdXVpZA"])
def test_a_garbled_cursor_is_told_from_a_good_one(anna: Program, cursor: str) -> None:
    for things in ("products", "runs"):
        is_problem(anna.http.get(f"{STOCK}/{things}", params={"cursor": cursor}), 422, "unknown-cursor")


@pytest.mark.parametrize("limit", ["-1", "0", "201", "1e3", "x", "9" * 30, ""])
def test_impossible_pages_are_refused(anna: Program, limit: str) -> None:
    is_problem(anna.http.get(f"{STOCK}/products", params={"limit": limit}), 422)


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_queries_and_headers_harms_nobody(anna: Program, junk: str) -> None:
    for path in (
        f"{STOCK}/products",
        f"{STOCK}/runs",
        "/stock/products",
        "/stock/alerts",
        "/stock/runs",
        "/organisation",
    ):
        query = dict.fromkeys(
            ("q", "page", "sort", "state", "subject", "limit", "locale", "next", "size", "order"), junk
        )
        answer = anna.http.get(
            path, params=query, headers={"Accept-Language": junk.encode("utf-8").replace(b"\0", b"0")}
        )
        assert answer.status_code < 500, f"{path}: {answer.text[:300]}"
        assert "49" not in re.findall(r"value=\"(\d+)\"", answer.text)


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "A" * 7000, "..", "a b"])
def test_a_garbled_access_token_is_not_signed_in(anna: Program, token: str) -> None:
    stranger = anna.another(Authorization=b"Bearer " + token.encode())
    is_problem(stranger.get(f"{STOCK}/products"), 401)


def test_ids_that_do_not_exist_or_are_no_ids(anna: Program) -> None:
    for things in ("connections", "runs", "products", "alert-rules"):
        is_problem(anna.http.get(f"{STOCK}/{things}/{uuid4()}"), 404)
        for junk in ("1", "x" * 300, "%00", "%F0%9F%A6%8A", str(uuid4())[:-1]):
            assert anna.http.get(f"{STOCK}/{things}/{junk}").status_code in (404, 422)


def test_methods_that_do_not_exist_are_told(anna: Program) -> None:
    answer = anna.http.delete(f"{STOCK}/products")
    is_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]
    for method in ("HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY"):
        for path in (f"{STOCK}/products", "/stock/", "/", "/health/live", "/api/v1/auth/login"):
            assert anna.http.request(method, path).status_code < 500, f"{method} {path}"


def test_an_expired_verification_link_says_so_and_a_new_one_works(unhurried: Business) -> None:
    late = Program(unhurried, "late@mistakes.example")
    late.http.post("/api/v1/auth/register", json={"email": late.email, "password": PASSWORD})
    token = token_in(unhurried.wait_for_mail(late.email))
    unhurried.advance(8 * 86400)
    problem = is_problem(late.http.post("/api/v1/auth/verify-email", json={"token": token}), 409)
    assert "expired" in problem["detail"]
    page = late.http.get("/verify", params={"token": token}, headers={"Accept": "text/html"})
    assert page.status_code < 500
    assert late.http.post("/api/v1/auth/resend-verification", json={"email": late.email}).status_code == 202
    mails = until(lambda: len(found := unhurried.mails(late.email)) == 2 and found, what="a second mail")
    assert late.http.post("/api/v1/auth/verify-email", json={"token": token_in(mails[0])}).status_code == 200
    for wrong in ("", "x", token[:-1], token + "x", "\x00", "🦊"):
        answer = late.http.post("/api/v1/auth/verify-email", json={"token": wrong})
        assert answer.status_code in (409, 422), answer.text
        is_problem(answer, answer.status_code)


def at_once(*asks: Any) -> list[httpx.Response]:
    with ThreadPoolExecutor(len(asks)) as people:
        return [future.result() for future in [people.submit(ask) for ask in asks]]


def test_forms_sent_twice_are_done_once(unhurried: Business, anna: Program, market: Market) -> None:
    twin = Program(unhurried, "twin@mistakes.example")
    wish = {"email": twin.email, "password": PASSWORD}
    answers = at_once(*[lambda: twin.http.post("/api/v1/auth/register", json=wish)] * 2)
    assert [answer.status_code for answer in answers] == [201, 201]
    twin.verify()
    twin.log_in()
    assert len(twin.http.get("/api/v1/organisations").json()) == 1
    token = {"token": market.seller("twice", products=2)["tokens"]["service"]}
    answers = at_once(*[lambda: twin.http.post(f"{STOCK}/connections", json=token)] * 2)
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(twin.http.get(f"{STOCK}/connections").json()["items"]) == 1
    connection = twin.http.get(f"{STOCK}/connections").json()["items"][0]["id"]
    twin.finish()
    answers = at_once(*[lambda: twin.http.delete(f"{STOCK}/connections/{connection}")] * 2)
    assert sorted(answer.status_code for answer in answers) == [204, 404]


def test_two_syncs_at_once_are_one(unhurried: Business, market: Market) -> None:
    eager = Program.sign_up(unhurried, "eager@mistakes.example")
    connection = eager.connect(market.seller("eager", products=2)["tokens"]["service"])
    eager.finish()
    runs = len(eager.http.get(f"{STOCK}/runs").json()["items"])
    market.fault("slow", seller="eager", seconds=1, count=1)
    answers = at_once(*[lambda: eager.http.post(f"{STOCK}/connections/{connection}/sync")] * 4)
    assert {answer.status_code for answer in answers} <= {202, 409}, [answer.text for answer in answers]
    told = [answer.json() for answer in answers if answer.status_code == 202]
    assert [each["already_running"] for each in told].count(False) == 1
    assert len({each["run_id"] for each in told}) == 1
    eager.finish()
    assert len(eager.http.get(f"{STOCK}/runs").json()["items"]) == runs + 1
    market.heal()


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(JUNK), st.uuids().map(str)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
# Ends the session, sends mails to others, or is walked by a test of its own.
NOT_WALKED = ("/auth/logout", "/auth/change-password", "/auth/sessions/")


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not any(part in path for part in NOT_WALKED)
    ]


def test_no_route_of_the_document_ever_answers_500(anna: Program) -> None:
    document = anna.http.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    walked = operations(document)
    assert len(walked) > 30

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def walk(data: st.DataObject) -> None:
        method, path, operation = data.draw(st.sampled_from(walked))
        query = dict[str, str]()
        for parameter in operation.get("parameters", ()):
            value = data.draw(st.one_of(st.text(), st.sampled_from(JUNK), st.integers().map(str)))
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", quoted(data.draw(st.uuids().map(str) | st.just(value))))
            elif parameter["in"] == "query":
                query[parameter["name"]] = value.encode("utf-8", "replace").decode()
        body = data.draw(bodies(operation, schemas)) if "requestBody" in operation else None
        # A new key each time, or what is done once would end at the key that is missing.
        headers = {"Content-Type": "application/json", "Idempotency-Key": f'"{uuid4()}"'}
        answer = anna.http.request(method, path, params=query, content=body, headers=headers)
        assert answer.status_code < 500, f"{method} {path} {query} {body!r}: {answer.text[:500]}"
        if answer.status_code >= 400 and method != "HEAD":
            is_problem(answer, answer.status_code)

    walk()


def bodies(operation: dict[str, Any], schemas: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Bodies with the right names and any values."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    references = [schema, *schema.get("anyOf", ())]
    name = next(each["$ref"].rsplit("/", 1)[1] for each in references if "$ref" in each)
    fields = st.fixed_dictionaries({}, optional=dict.fromkeys(schemas[name].get("properties", {}), VALUES))
    return st.one_of(fields, VALUES).map(encoded)


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace")) or "-"
