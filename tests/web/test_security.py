import httpx
import pytest

from verf.settings import House, load
from verf.web.pages import own_address
from verf.web.settings import WebSettings


@pytest.fixture
def settings(monkeypatch):
    def set_settings(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        load.cache_clear()

    yield set_settings
    monkeypatch.undo()
    load.cache_clear()


@pytest.mark.parametrize("path", ["/design", "/nothing", "/fail/crash", "/api/v1/fail/conflict", "/locale"])
async def test_every_answer_carries_the_headers(client, path):
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "object-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


async def test_https_is_remembered_and_cookies_are_bound_to_the_host(client, settings):
    settings(VERF_PUBLIC_URL="https://verf.example")
    answer = await client.get("/locale?to=ru")
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-locale=ru;")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert load(House).url == "https://verf.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8001"},
    ],
)
async def test_other_sites_cannot_post_in_a_persons_name(client, headers):
    answer = await client.post("/locale?to=ru", headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin"},
        {"origin": "http://127.0.0.1:8000"},
        {"sec-fetch-site": "cross-site", "authorization": "Bearer x"},
    ],
)
async def test_own_pages_and_programs_can_post(client, headers):
    assert (await client.post("/locale?to=ru", headers=headers)).status_code == 303


async def test_links_from_other_sites_open(client):
    assert (await client.get("/design", headers={"sec-fetch-site": "cross-site"})).status_code == 200


async def test_other_origins_are_let_in_only_when_named(settings):
    settings(VERF_WEB_CORS_ORIGINS="https://shop.example")
    assert load(WebSettings).origins == {"https://shop.example"}
    from tests.web.conftest import make_app  # noqa: PLC0415  # the app reads its settings when it is made

    transport = httpx.ASGITransport(app=make_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        answers = {
            origin: await client.post(
                "/api/v1/accounts", json={}, headers={"origin": origin, "sec-fetch-site": "cross-site"}
            )
            for origin in ("https://shop.example", "https://evil.example")
        }
    assert answers["https://shop.example"].status_code == 422
    assert answers["https://shop.example"].headers["access-control-allow-origin"] == "https://shop.example"
    assert answers["https://evil.example"].status_code == 403
    assert "access-control-allow-origin" not in answers["https://evil.example"].headers


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "", "/\n/evil"],
)
async def test_no_switch_leads_away(client, address):
    assert own_address(address) == "/"
    answer = await client.get("/theme", params={"next": address})
    assert answer.headers["location"] == "/"


async def test_a_switch_leads_back(client):
    answer = await client.get("/locale", params={"to": "uk", "next": "/stock/?sort=-name"})
    assert answer.headers["location"] == "/stock/?sort=-name"
