"""Which tokens open what, and in which words the gateway refuses the others."""

import jwt
import pytest


def claims_of(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


async def test_a_token_carries_the_published_claims(wb):
    seller = await wb.seller()
    service, base, personal, test = (
        claims_of(seller["tokens"][kind]) for kind in ("service", "base", "personal", "test")
    )
    assert service["sid"] == seller["id"]
    assert (service["acc"], base["acc"], personal["acc"], test["acc"]) == (4, 1, 3, 2)
    assert service["for"].startswith("asid:")
    assert personal["for"] == "self"
    assert "for" not in base
    assert test["t"] is True
    assert service["s"] == 2 + 4 + 8 + 16 + 32 + 1024 + 2**30
    assert jwt.get_unverified_header(seller["tokens"]["service"])["alg"] == "ES256"


async def test_tokens_stay_the_same_over_a_restart(wb, restarted):
    before = await wb.seller()
    again = await restarted()
    assert (await again.seller())["tokens"] == before["tokens"]
    assert (await again.cards(token=before["tokens"]["service"])).status_code == 200


@pytest.mark.parametrize(
    ("kind", "detail"),
    [("expired", "token expired"), ("foreign-service", "another service"), ("test", "token scope not allowed")],
)
async def test_a_useless_token_is_refused_with_its_reason(wb, kind, detail):
    answer = await wb.cards(kind=kind)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert detail in answer.json()["detail"]
    assert answer.json().keys() == {
        "title", "detail", "code", "requestId", "origin", "status", "statusText", "timestamp",
    }  # fmt: skip


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "Bearer "])
async def test_a_malformed_token_is_refused(wb, token):
    assert (await wb.cards(token=token)).status_code == 401


async def test_a_token_signed_by_somebody_else_is_refused(wb):
    head, body, signature = (await wb.token()).split(".")
    answer = await wb.cards(token=f"{head}.{body}.{signature[:-4]}AAAA")
    assert answer.status_code == 401
    assert "signature" in answer.json()["detail"]


async def test_the_word_bearer_is_accepted_and_not_needed(wb):
    assert (await wb.cards(token=f"Bearer {await wb.token()}")).status_code == 200


async def test_each_host_asks_for_its_own_scope(wb):
    assert (await wb.stocks(kind="no-analytics")).status_code == 401
    assert (await wb.cards(kind="no-analytics")).status_code == 200
    await wb.control("PATCH", "/settings", json={"scope_status": 403})
    assert (await wb.stocks(kind="no-analytics")).status_code == 403


async def test_a_base_token_may_not_read_the_stock_report(wb):
    answer = await wb.stocks(kind="base")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "base token is not allowed"


async def test_a_base_token_with_a_secret_may_read_what_services_may_but_not_all(wb):
    secret = (await wb.control("POST", "/secrets", json={}))["secret"]
    assert (await wb.stocks(kind="base", headers={"X-Client-Secret": secret})).status_code == 200
    answer = await wb.stocks("seller-warehouses", kind="base", headers={"X-Client-Secret": secret})
    assert answer.status_code == 403


async def test_two_secrets_are_valid_side_by_side_and_an_old_one_is_not(wb):
    first, second = [(await wb.control("POST", "/secrets", json={}))["secret"] for _ in range(2)]
    old = (await wb.control("POST", "/secrets", json={"days": -1}))["secret"]
    statuses = [
        (await wb.cards(kind="base", headers={"X-Client-Secret": secret})).status_code
        for secret in (first, second, old)
    ]
    assert statuses == [200, 200, 401]


async def test_a_personal_token_works_but_is_noted(wb):
    assert (await wb.cards(kind="personal")).status_code == 200
    assert (await wb.control("GET", "/requests"))[-1]["flags"] == ["personal token used by a cloud service"]


async def test_a_revoked_token_is_dead_at_once_and_replaced_in_the_list(wb):
    token = await wb.token()
    await wb.control("POST", "/tokens/revoke", json={"token": token})
    assert (await wb.cards(token=token)).status_code == 401
    fresh = (await wb.seller())["tokens"]["service"]
    assert fresh != token
    assert (await wb.cards(token=fresh)).status_code == 200


async def test_revoking_nonsense_is_refused(wb):
    answer = await wb.client.post("/sandbox/api/wildberries/tokens/revoke", json={"token": "nonsense"})
    assert answer.status_code == 422


async def test_the_tokens_of_a_deleted_user_answer_403_until_the_user_is_back(wb):
    await wb.control("DELETE", "/sellers/small/user")
    assert (await wb.cards()).status_code == 403
    await wb.control("POST", "/sellers/small/user")
    assert (await wb.cards()).status_code == 200


async def test_a_token_runs_out_after_180_days(wb):
    token = await wb.token()
    expiring = await wb.token("expiring")
    wb.wait(days=4)
    assert (await wb.cards(token=expiring)).status_code == 401
    assert (await wb.cards(token=token)).status_code == 200
    wb.wait(days=177)
    assert (await wb.cards(token=token)).status_code == 401


async def test_a_read_only_token_may_not_write(wb):
    warehouse = (await wb.ask("GET", "marketplace-api", "/api/v3/warehouses")).json()[0]["id"]
    size = (await wb.control("GET", "/sellers/small/cards"))[0]["chrt_ids"][0]
    body = {"stocks": [{"chrtId": size, "amount": 17}]}
    path = f"/api/v3/stocks/{warehouse}"
    assert (await wb.ask("PUT", "marketplace-api", path, json=body)).status_code == 403
    assert (await wb.ask("PUT", "marketplace-api", path, json=body, kind="writing")).status_code == 204
    read = await wb.ask("POST", "marketplace-api", path, json={"chrtIds": [size]})
    assert read.json() == {"stocks": [{"chrtId": size, "amount": 17}]}
