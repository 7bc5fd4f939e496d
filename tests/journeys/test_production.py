"""Production does not start with what is fine on a laptop, and nothing of the sandbox is there when it does."""

import secrets
from collections.abc import Iterator

import httpx
import pytest
from business import Business, folder_for_everyone
from cryptography.fernet import Fernet
from programs import NOTHING_KEPT, PASSWORD

pytestmark = pytest.mark.xdist_group("journeys")
BEHIND_A_PROXY = {"Host": "shop.example.com", "X-Forwarded-Proto": "https"}


def test_every_reason_against_a_start_is_said_at_once(tmp_path) -> None:
    house = Business(
        tmp_path,
        settings={
            "VERF_MODE": "production",
            "VERF_SECRET_KEY": "changeme-changeme-changeme-changeme",
            "VERF_PUBLIC_URL": "http://shop.example.com",
            "VERF_STOCK_WILDBERRIES_URL": "http://127.0.0.1:8000/sandbox/wildberries/{host}",
            "VERF_NOTIFICATIONS_RESEND_KEY": "secret",
        },
    )
    assert house.run("up").wait(timeout=60) == 1
    for reason in (
        "VERF_SECRET_KEY can be guessed",
        "VERF_PUBLIC_URL must be an https:// address",
        "VERF_STOCK_WILDBERRIES_URL leads to a simulator",
        "VERF_NOTIFICATIONS_RESEND_KEY can be guessed",
    ):
        assert reason in house.output, house.output
    assert "changeme" not in house.output
    assert "Traceback" not in house.output
    assert not house.data.exists()


@pytest.fixture(scope="module")
def production() -> Iterator[Business]:
    settings = {
        "VERF_MODE": "production",
        "VERF_SECRET_KEY": secrets.token_urlsafe(48),
        "VERF_PUBLIC_URL": "https://shop.example.com",
        "VERF_VAULT_KEYS": Fernet.generate_key().decode(),
        "VERF_NOTIFICATIONS_SMTP_HOST": "mail.invalid",
        "VERF_NOTIFICATIONS_SENDER": "Shop <hello@shop.example.com>",
    }
    with folder_for_everyone() as folder:
        house = Business(folder, settings=settings).start()
        yield house
        assert house.stop() == 0, house.output


@pytest.fixture
def visitor(production: Business) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=production.url, headers=BEHIND_A_PROXY, limits=NOTHING_KEPT) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    ["/sandbox/", "/sandbox/mail", "/sandbox/api/mail", "/sandbox/api/clock", "/sandbox/wildberries/content-api/ping"],
)
def test_nothing_of_the_sandbox_is_there(visitor: httpx.Client, path: str) -> None:
    assert visitor.get(path).status_code == 404
    assert visitor.post(path, json={"advance_seconds": 86400}).status_code in (404, 405)


def test_the_sandboxs_staff_login_does_not_exist(production: Business) -> None:
    assert "staff@example.com" not in production.output


def test_cookies_are_bound_to_the_host_and_travel_encrypted_only(visitor: httpx.Client) -> None:
    form = {"email": "anna@production.example", "password": PASSWORD, "name": "Anna", "organisation": "Anna"}
    answer = visitor.post("/sign-up", data=form, headers={"Origin": "https://shop.example.com"})
    cookies = answer.headers.get_list("set-cookie")
    assert cookies, answer.text
    for cookie in cookies:
        assert cookie.startswith("__Host-"), cookie
        assert {"secure", "path=/", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}, cookie
        assert "domain=" not in cookie.lower()
    assert "max-age=63072000" in answer.headers["strict-transport-security"]


def test_another_sites_page_cannot_act_for_us(visitor: httpx.Client) -> None:
    form = {"email": "a@b.example", "password": PASSWORD}
    answer = visitor.post("/sign-in", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
