"""What a newcomer does first, from the front page to an Excel file, as they would: with a browser and nothing else."""

import csv
import io
import re

import httpx
import pytest
from browsing import Visitor
from business import Business
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys")]

PASSWORD = "grey tea in the harbour"
FIRST_SYNC_MS = 240_000
THREE_QUARTERS_OF_AN_HOUR = 45 * 60


async def sign_up(visitor: Visitor, business: Business, email: str) -> None:
    page = visitor.page
    await visitor.go("/")
    await visitor.look("01-front")
    await page.click("main a[href='/sign-up']")
    await visitor.look("02-sign-up")
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", PASSWORD)
    await page.fill("[name=organisation]", "Harbour Tea")
    await page.click("form button.primary")
    await page.wait_for_url(lambda url: "/sign-up" not in url or True)
    await visitor.look("03-check-your-mail")
    mail = business.wait_for_mail(email)
    link = re.search(r"http://\S+/verify\?token=\S+", mail["text"])
    assert link, mail["text"]
    await page.goto(link[0])
    await visitor.look("04-verify")
    await page.click("form[action='/verify'] button")
    await page.wait_for_load_state("networkidle")
    if "/stock" not in page.url:
        await visitor.go("/sign-in")
        await visitor.look("05-sign-in")
        await page.fill("[name=email]", email)
        await page.fill("[name=password]", PASSWORD)
        await page.click("form button.primary")
    await page.wait_for_url("**/stock/")
    await visitor.look("06-welcome")


def sellers(business: Business) -> dict[int, dict[str, object]]:
    answer = httpx.get(f"{business.url}/sandbox/api/wildberries/sellers", timeout=60).raise_for_status()
    return {seller["products"]: seller for seller in answer.json()}


def empty_a_full_shelf(business: Business, seller: str) -> str:
    """Take everything of one product off the shelves; return its vendor code."""
    address = f"{business.url}/sandbox/api/wildberries/sellers/{seller}"
    cards = httpx.get(f"{address}/cards", timeout=60).raise_for_status().json()
    # Far above the threshold of 14 days, so that nobody has been told of it yet.
    sold = [card for card in cards if card["orders_a_day"] > 0.3 and not card["is_trashed"]]
    calm = max(sold, key=lambda card: card["quantity"] / card["orders_a_day"])
    own = httpx.get(f"{address}/world", timeout=60).raise_for_status().json()["warehouses"]
    for warehouse in [{}, *({"warehouse_id": one["id"]} for one in own)]:
        change = {"nm_id": calm["nm_id"], "quantity": 0, **warehouse}
        httpx.post(f"{address}/stock", json=change, timeout=60).raise_for_status()
    return str(calm["vendor_code"])


@pytest.mark.parametrize(
    "visitor",
    [{}, {"language": "ru-RU", "theme": "dark", "phone": True}],
    indirect=True,
    ids=["English, light, desktop", "Russian, dark, phone"],
)
async def test_a_seller_connects_a_shop_and_knows_what_runs_out(visitor: Visitor, business: Business) -> None:
    page = visitor.page
    email = f"anna-{visitor.name}@example.com"
    await sign_up(visitor, business, email)

    # Shops have limits that all their readers share, so each visitor has a shop of their own.
    products = 100 if visitor.name.startswith("ru") else 1000
    seller = sellers(business)[products]
    tokens = seller["tokens"]
    assert isinstance(tokens, dict)
    await page.fill("textarea[name=token]", tokens["personal"])
    visitor.expected.append("422")  # the browser notes the answer with errors in it
    await page.click("form[action='/stock/connections'] button.primary")
    await expect(page.locator("textarea[name=token]")).to_have_attribute("aria-invalid", "true")
    await visitor.look("07-token-refused")
    await page.fill("textarea[name=token]", tokens["service"])
    await page.click("form[action='/stock/connections'] button.primary")
    await page.wait_for_url("**/stock/")
    await expect(page.locator("progress").first).to_be_visible()
    await visitor.look("08-first-sync")
    # Nobody touches the page: it follows the sync by itself.
    await expect(page.locator(".tile").first).to_be_visible(timeout=FIRST_SYNC_MS)
    await visitor.look("09-dashboard")

    await visitor.go("/stock/products")
    await expect(page.locator("tbody tr").first).to_be_visible()
    await visitor.look("10-products")
    await visitor.go("/stock/products?sort=-quantity")
    await page.locator("tbody tr a[href^='/stock/products/']").first.click()
    await page.wait_for_url(re.compile(r"/stock/products/[0-9a-f-]{36}"))
    await expect(page.locator("svg[role=group] >> visible=true").first).to_be_visible()
    await visitor.look("11-product")

    known = {mail["id"] for mail in business.mails(email)}
    sold_out = empty_a_full_shelf(business, str(seller["id"]))
    business.advance(THREE_QUARTERS_OF_AN_HOUR)
    business.wait_until(lambda: [mail for mail in business.mails(email) if mail["id"] not in known])
    [told] = [mail for mail in business.mails(email) if mail["id"] not in known]
    assert sold_out in told["text"], told["text"]
    await visitor.go("/stock/alerts")
    await page.select_option("select[name=measure]", "quantity")
    await page.fill("input[name=threshold]", "3")
    await page.click("form[action='/stock/alerts'] button.primary")
    await page.wait_for_load_state("networkidle")
    await visitor.look("12-alerts")

    await visitor.go("/stock/connections")
    await visitor.look("13-shops")

    await look_at_runs_and_export(visitor, more_than=products)


async def look_at_runs_and_export(visitor: Visitor, *, more_than: int) -> None:
    page = visitor.page
    await visitor.go("/stock/runs")
    await visitor.look("14-runs")
    await page.locator("a[href^='/stock/runs/']").first.click()
    await visitor.look("15-run")
    await visitor.go("/stock/products")
    async with page.expect_download() as downloading:
        await page.locator("a[href*='export.csv']").first.click()
    content = (await (await downloading.value).path()).read_bytes()
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";" if b";" in content[:200] else ","))
    assert len(rows) > more_than
