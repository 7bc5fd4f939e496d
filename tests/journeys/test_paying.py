"""A customer's money, from the price page to the last day of access, as they live it: with a browser and a clock."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from browsing import Visitor
from business import Business, folder_for_everyone
from playwright.async_api import Page, expect
from programs import PASSWORD, Program

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("paying")]

DAY = 24 * 3600
ENGLISH = {"language": "en-GB", "name": "stripe-en-light"}
RUSSIAN = {"language": "ru-RU", "theme": "dark", "phone": True, "name": "yookassa-ru-dark-phone"}


@pytest.fixture(scope="module")
def business() -> Iterator[Business]:
    """One of their own: months pass in seconds, and people sign in after each."""
    settings = {"VERF_LIMITS_TRUSTED_PROXIES": "127.0.0.1", "VERF_LIMITS_CREDENTIALS_PER_MINUTE": "1000"}
    with folder_for_everyone() as folder:
        running = Business(folder, settings=settings).start()
        yield running
        assert running.stop() == 0, running.output


async def sign_in(visitor: Visitor, email: str) -> None:
    await visitor.go("/sign-in")
    await visitor.page.fill("[name=email]", email)
    await visitor.page.fill("[name=password]", PASSWORD)
    await visitor.page.click("form button.primary")
    await visitor.page.wait_for_url(lambda url: "/sign-in" not in url)


async def choose(visitor: Visitor, plan: str, currency: str, provider: str) -> None:
    """From the price page to the provider's page."""
    page = visitor.page
    await visitor.go(f"/pricing?product=stock&currency={currency}")
    await visitor.look("01-prices")
    await page.click(f"#plan-{plan} a.primary")
    await page.wait_for_url("**/billing/checkout**")
    await page.check(f"#provider-{provider}")
    await page.wait_for_load_state("networkidle")
    await page.check("#field-accept_terms")
    await visitor.look("02-checkout")
    await page.click("#checkout-form button.primary")
    await page.wait_for_url(f"**/sandbox/{provider}/**")
    await visitor.look("03-the-providers-page")


async def pay(visitor: Visitor, card: str) -> None:
    page = visitor.page
    await page.check(f"input[name=card][value={card}]")
    await page.click("form button[type=submit]")
    await page.wait_for_url("**/billing/return**")
    await expect(page.locator("#outcome[data-state=completed]")).to_be_visible(timeout=30_000)


async def live(business: Business, days: float, *, step: float = 7) -> None:
    """Days pass in steps, so that what comes due happens in its order."""
    left = days
    while left > 0:
        business.advance(int(min(step, left) * DAY))
        left -= step
        await rest(business)


async def rest(business: Business) -> None:
    """Until no job is due and none runs, twice in a row: a job may have made another."""
    database = await asyncpg.connect(**business.database("verf"))
    query = "SELECT count(*) FROM jobs.queue WHERE status <> 'queued' OR execute_after <= now()"
    quiet = 0
    while quiet < 3:
        await asyncio.sleep(0.25)
        quiet = 0 if await database.fetchval(query) else quiet + 1
    await database.close()


def control(business: Business, provider: str, method: str, path: str, **body: str) -> Any:
    """The hand of the test at the simulated provider."""
    answer = httpx.request(method, f"{business.url}/sandbox/api/{provider}/{path}", json=body or None, timeout=60)
    return answer.raise_for_status().json()


async def label_of(page: Page, plan: str) -> str:
    """The line of the list that offers this plan by the month."""
    labels = await page.locator("dialog[open] select[name=price] option").all_inner_texts()
    return next(label for label in labels if label.startswith(plan))


@pytest.mark.parametrize(
    ("visitor", "provider", "currency"),
    [(ENGLISH, "stripe", "USD"), (RUSSIAN, "yookassa", "RUB")],
    indirect=["visitor"],
    ids=["a mirrored provider, English", "our own clock, Russian on a phone"],
)
async def test_from_the_price_page_to_the_last_day(
    visitor: Visitor, business: Business, provider: str, currency: str
) -> None:
    page = visitor.page
    person = Program.sign_up(business, f"payer-{provider}@example.com", organisation="Paying Harbour")
    await sign_in(visitor, person.email)
    if visitor.name.startswith("yookassa"):
        await visitor.go("/locale?to=ru&next=/billing")
        await expect(page.locator("html")).to_have_attribute("lang", "ru")

    await choose(visitor, "starter", currency, provider)
    await pay(visitor, "pays")
    await visitor.look("04-paid")
    await visitor.go("/billing")
    await expect(page.locator("#plan .plan-name")).to_have_text("Starter")
    await visitor.look("05-billing")

    # Up now, for the difference.
    await page.click("button[data-open=change]")
    await visitor.look("06-change")
    await page.locator("dialog[open] select[name=price]").select_option(label=await label_of(page, "Pro"))
    await page.click("dialog[open] form button.primary")
    await page.wait_for_url("**/billing/change**")
    await visitor.look("07-what-it-costs")
    await page.click("#change-form button.primary")
    await page.wait_for_url(re.compile(r"/billing(\?.*)?$"))
    await expect(page.locator("#plan .plan-name")).to_have_text("Pro", timeout=30_000)
    await visitor.look("08-upgraded")

    # Nobody watches while time passes, and signs in again afterwards.
    await page.goto("about:blank")
    # The card has no money when the month is over.
    methods = control(business, provider, "GET", "truth")["methods"]
    control(business, provider, "POST", f"methods/{methods[-1]['id']}", outcome="insufficient_funds")
    await live(business, 31.5)
    await sign_in(visitor, person.email)
    await visitor.go("/stock/")
    await expect(page.locator(".billing-banner")).to_be_visible()
    await visitor.look("09-banner")
    await visitor.go("/billing")
    await visitor.look("10-past-due")
    await (another_card_at_stripe if provider == "stripe" else another_card_here)(visitor)
    await expect(page.locator("#plan .badge.ok")).to_be_visible(timeout=30_000)
    await visitor.look("12-recovered")

    await page.click("button[data-open=cancel]")
    await visitor.look("13-cancel")
    await page.select_option("dialog[open] select[name=reason]", index=1)
    await page.click("dialog[open] form button.danger")
    await expect(page.locator("#resume")).to_be_visible(timeout=30_000)
    await visitor.look("14-cancelled")
    # What is paid stays open to its last day, and closes then.
    await page.goto("about:blank")
    await live(business, 27)
    assert standing(person)["state"] == "active"
    await live(business, 7)
    await sign_in(visitor, person.email)
    assert standing(person)["state"] == "ended"
    await visitor.go("/billing")
    await visitor.look("15-ended")


async def another_card_at_stripe(visitor: Visitor) -> None:
    page = visitor.page
    await page.click("#portal button")
    await page.wait_for_url("**/sandbox/stripe/**")
    await visitor.look("11-portal")
    await page.check("input[name=card][value=pays]")
    await page.click("button[name=action][value=card]")
    await page.wait_for_load_state("networkidle")
    await visitor.go("/billing")


async def another_card_here(visitor: Visitor) -> None:
    page = visitor.page
    await page.click("#pay-now")
    await page.wait_for_url("**/billing/checkout**")
    await page.check("#field-accept_terms")
    await visitor.look("11-pay-now")
    await page.click("#checkout-form button.primary")
    await page.wait_for_url("**/sandbox/yookassa/**")
    await pay(visitor, "pays")
    await visitor.go("/billing")


def standing(person: Program) -> dict[str, Any]:
    person.log_in()
    answer = person.http.get("/api/v1/billing/subscription", params={"product": "stock"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
