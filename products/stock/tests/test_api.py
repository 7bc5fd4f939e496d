import csv
import io
from uuid import uuid4

import openpyxl
import pytest
from market_place import last_run, until_finished

from stock.api.products import ProductPage
from verf.jobs import drain

BASE = "/api/v1/stock"


@pytest.fixture
async def connected(client, tenant, seller):
    answer = await client.post(f"{BASE}/connections", json={"token": seller.tokens["service"]})
    assert answer.status_code == 201, answer.text
    await until_finished(tenant)
    return answer.json()


async def test_a_shop_is_connected_and_read(client, connected, market, seller):
    shown = (await client.get(f"{BASE}/connections/{connected['id']}")).json()
    assert shown["token"]["kind"] == "service"
    assert shown["token"]["read_only"] is True
    assert seller.tokens["service"] not in str(shown)
    run = (await client.get(f"{BASE}/runs")).json()["items"][0]
    assert (run["state"], run["progress"], run["first_error"]) == ("ok", 100, None)
    assert run["counts"]["new"] > 12


async def test_the_api_tells_the_truth(client, connected, market, seller):
    found, cursor = {}, ""
    while cursor is not None:
        page = (
            await client.get(f"{BASE}/products", params={"limit": 5} | ({"cursor": cursor} if cursor else {}))
        ).json()
        for product in page["items"]:
            for stock in product["stocks"]:
                found[stock["chrt_id"], stock["warehouse_id"]] = stock["quantity"]
        cursor = page["next_cursor"]
    assert {key: value for key, value in found.items() if value} == market.truth(seller)


async def test_products_are_found_and_shown(client, connected):
    first = (await client.get(f"{BASE}/products")).json()["items"][0]
    found = (await client.get(f"{BASE}/products", params={"q": first["nm_id"]})).json()["items"]
    assert [product["id"] for product in found] == [first["id"]]
    shown = (await client.get(f"{BASE}/products/{first['id']}")).json()
    assert shown["why"]["orders"] >= 0
    assert len(shown["days"]) == 90
    assert (await client.get(f"{BASE}/products", params={"q": "%"})).json()["items"] == []


async def test_a_list_is_what_its_documentation_says(client, connected):
    answer = await client.get(f"{BASE}/products")
    page = ProductPage.model_validate_json(answer.content, strict=True)
    assert any(product.stocks for product in page.items)
    assert page.model_dump(mode="json") == answer.json()
    shown = (await client.get(f"{BASE}/products/{page.items[0].id}")).json()
    assert answer.json()["items"][0].items() <= shown.items()


async def test_a_second_sync_joins_the_first(client, connected, tenant):
    url = f"{BASE}/connections/{connected['id']}/sync"
    first, second = (await client.post(url)), (await client.post(url))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["already_running"] is False
    assert second.json()["already_running"] is True
    assert second.json()["run_id"] == first.json()["run_id"] == str((await last_run(tenant)).id)


async def test_the_same_shop_is_connected_once(client, connected, seller):
    again = await client.post(f"{BASE}/connections", json={"token": seller.tokens["service"]})
    assert again.status_code == 409
    assert again.json()["code"] == "already-connected"


@pytest.mark.parametrize(("kind", "word"), [("personal", "personal"), ("test", "test token"), ("expired", "expired")])
async def test_tokens_that_may_not_be_used_are_refused_with_the_reason(client, seller, kind, word):
    answer = await client.post(f"{BASE}/connections", json={"token": seller.tokens[kind]})
    assert answer.status_code == 422
    assert word in answer.text
    assert seller.tokens[kind] not in answer.text


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "eyJ.eyJ.x", "я.ю.э"])
async def test_nonsense_is_not_a_token(client, token):
    answer = await client.post(f"{BASE}/connections", json={"token": token})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/body/token"


async def test_strangers_find_nothing(client, connected, stranger):
    product = (await client.get(f"{BASE}/products")).json()["items"][0]["id"]
    run = (await client.get(f"{BASE}/runs")).json()["items"][0]["id"]
    for url in (f"connections/{connected['id']}", f"products/{product}", f"runs/{run}"):
        answer = await stranger.get(f"{BASE}/{url}")
        assert answer.status_code == 404, url
    assert (await stranger.get(f"{BASE}/products")).json()["items"] == []
    assert (await stranger.post(f"{BASE}/connections/{connected['id']}/sync")).status_code == 404
    assert (await stranger.delete(f"{BASE}/connections/{connected['id']}")).status_code == 404
    answer = await stranger.put(f"{BASE}/connections/{connected['id']}/token", json={"token": "a.b.c"})
    assert answer.status_code == 404
    assert len((await stranger.get(f"{BASE}/export.csv")).text.splitlines()) == 1


async def test_what_is_not_there_is_a_problem(client):
    for url in (f"connections/{uuid4()}", f"products/{uuid4()}", f"runs/{uuid4()}", f"alert-rules/{uuid4()}"):
        assert (await client.get(f"{BASE}/{url}")).status_code == 404
    wrong = await client.get(f"{BASE}/products", params={"cursor": "nonsense"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown-cursor")
    assert wrong.headers["content-type"].startswith("application/problem+json")


async def test_rules_are_kept(client, connected):
    made = await client.post(f"{BASE}/alert-rules", json={"measure": "quantity", "threshold": 5})
    assert made.status_code == 201
    url = f"{BASE}/alert-rules/{made.json()['id']}"
    assert (await client.patch(url, json={"is_on": False})).json()["is_on"] is False
    assert len((await client.get(f"{BASE}/alert-rules")).json()["items"]) == 2
    assert (await client.delete(url)).status_code == 204
    assert (await client.get(url)).status_code == 404


async def test_exports_keep_text_as_text(client, connected, market, seller):
    answer = await client.get(f"{BASE}/export.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sum(int(row["In stock"]) for row in rows) == sum(market.truth(seller).values())
    book = openpyxl.load_workbook(io.BytesIO((await client.get(f"{BASE}/export.xlsx")).content))
    sheet = book.active
    assert sheet.max_row == len(rows) + 1
    assert {type(cell.value) for cell in sheet["B"]} == {str}
    assert {cell.data_type for row in sheet for cell in row} <= {"s", "n", "d"}


async def test_a_deleted_connection_is_gone_with_its_data(client, connected, tenant):
    assert (await client.delete(f"{BASE}/connections/{connected['id']}")).status_code == 204
    assert (await client.get(f"{BASE}/connections/{connected['id']}")).status_code == 404
    await drain()
    assert (await client.get(f"{BASE}/products")).json()["items"] == []


async def test_a_disconnected_shop_keeps_its_numbers_and_comes_back(client, connected, seller):
    await client.delete(f"{BASE}/connections/{connected['id']}", params={"data": "keep"})
    assert (await client.get(f"{BASE}/connections/{connected['id']}")).json()["state"] == "disconnected"
    assert (await client.get(f"{BASE}/products")).json()["items"]
    back = await client.post(f"{BASE}/connections", json={"token": seller.tokens["service"]})
    assert (back.status_code, back.json()["id"]) == (201, connected["id"])


async def test_all_pages_open(client, connected, tenant):
    product = (await client.get(f"{BASE}/products")).json()["items"][0]["id"]
    run = (await last_run(tenant)).id
    for url in ("", "products", f"products/{product}", "connections", "runs", f"runs/{run}", "alerts"):
        answer = await client.get(f"/stock/{url}", headers={"Accept": "text/html"})
        assert answer.status_code == 200, url


async def test_the_welcome_page_opens_first(client):
    answer = await client.get("/stock/", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert 'name="token"' in answer.text


async def test_an_unconnected_tenant_may_still_ask_for_everything(client, tenant):
    for url in ("products", "connections", "runs", "alerts"):
        assert (await client.get(f"/stock/{url}", headers={"Accept": "text/html"})).status_code == 200
