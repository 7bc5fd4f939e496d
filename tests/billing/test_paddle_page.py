"""Our page for Paddle's checkout: its script and frame are let in there, and nowhere else."""

import pytest

from verf.settings import House, load

PAY = "/billing/pay?_ptxn=txn_01h2b0qpjc0xt8k5aw6nsdec4p"
HTML = {"Accept": "text/html"}


@pytest.fixture
def set_up(monkeypatch):
    def set_up(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        load.cache_clear()

    yield set_up
    monkeypatch.undo()
    load.cache_clear()


async def test_in_a_sandbox_without_keys_the_simulator_is_paid(site):
    answer = await site.http.get(f"{PAY}&return_url=https://evil.example/", headers=HTML)
    assert answer.status_code == 303
    there, _, query = answer.headers["location"].partition("?")
    assert there.endswith("/sandbox/paddle/checkout")
    assert "_ptxn=txn_01h2b0qpjc0xt8k5aw6nsdec4p" in query
    assert "evil" not in query


@pytest.mark.parametrize(
    "key, environment, frame",
    [
        ("pdl_live_apikey_1", "production", "https://buy.paddle.com"),
        ("pdl_sdbx_apikey_1", "sandbox", "https://sandbox-buy.paddle.com"),
    ],
)
async def test_with_keys_the_page_lets_paddle_in(site, set_up, key, environment, frame):
    set_up(VERF_PADDLE_API_KEY=key, VERF_PADDLE_CLIENT_TOKEN="a_token")
    answer = await site.http.get(PAY, headers=HTML)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self' https://cdn.paddle.com"
    assert (policy["frame-src"], policy["frame-ancestors"]) == (frame, "'none'")
    assert frame in answer.headers["permissions-policy"]
    for part in ('data-token="a_token"', f'data-environment="{environment}"', "https://cdn.paddle.com/paddle/v2/"):
        assert part in answer.text
    elsewhere = await site.http.get("/pricing", headers=HTML)
    assert "paddle.com" not in elsewhere.headers["content-security-policy"] + elsewhere.text


async def test_only_a_page_of_this_house_is_gone_back_to(site, set_up):
    set_up(VERF_PADDLE_API_KEY="pdl_live_apikey_1", VERF_PADDLE_CLIENT_TOKEN="live_1")
    house = load(House).url
    for wanted in ("https://evil.example/", "javascript:alert(1)", "//evil.example", f"{house}.evil.example/"):
        answer = await site.http.get(PAY, params={"_ptxn": "txn_01h2b0qpjc0xt8k5aw6nsdec4p", "return_url": wanted})
        assert f'data-back="{load(House).url}/billing"' in answer.text
    ours = f"{load(House).url}/billing/return?checkout=1"
    answer = await site.http.get(PAY, params={"_ptxn": "txn_01h2b0qpjc0xt8k5aw6nsdec4p", "return_url": ours})
    assert f'data-back="{ours}"' in answer.text


@pytest.mark.parametrize("query", ["", "?_ptxn=", "?_ptxn=ctm_1", "?_ptxn=txn_%22%3E%3Cscript%3E"])
async def test_an_address_without_a_transaction_is_none(site, query):
    assert (await site.http.get(f"/billing/pay{query}", headers=HTML)).status_code == 422


async def test_without_a_token_there_is_no_such_page(site, set_up):
    set_up(VERF_PADDLE_API_KEY="pdl_live_apikey_1")
    assert (await site.http.get(PAY, headers=HTML)).status_code == 404
