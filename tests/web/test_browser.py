"""The design system in a real browser: no console error, no violation of the policy, nothing axe finds."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright, expect

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
LISTEN = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', event => window.__violations.push(event.violatedDirective));
"""


@pytest.fixture
async def address(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn offers no event
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(chromium):
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def visit(browser, url: str, *, expected: str = "", **options):
    """A page of a fresh visitor; leaving it fails when the page complained."""
    context = await browser.new_context(**options)
    await context.add_init_script(LISTEN)
    page = await context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    await page.wait_for_selector("html[data-ready]")
    yield page
    complaints += await page.evaluate("() => window.__violations")
    await context.close()
    assert [said for said in complaints if not (expected and expected in said)] == []


async def look(page: Page) -> None:
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    width = await page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("en", "light", 1280), ("ru", "dark", 1280), ("ru", "light", 390), ("uk", "dark", 390)],
)
async def test_every_component_is_accessible(browser, address, language, theme, width):
    viewport = {"width": width, "height": 860}
    async with visit(browser, f"{address}/design", color_scheme=theme, locale=language, viewport=viewport) as page:
        assert await page.get_attribute("html", "lang") == language
        await look(page)
        await page.locator("[data-open=new-product]").click()
        await look(page)


@pytest.mark.parametrize("path", ["/nothing", "/fail/conflict", "/fail/crash"])
async def test_error_pages_are_accessible(browser, address, path):
    async with visit(
        browser, address + path, expected="Failed to load resource", viewport={"width": 390, "height": 844}
    ) as page:
        await look(page)


async def test_the_reference_is_accessible(browser, address):
    async with visit(browser, f"{address}/docs") as page:
        await look(page)


async def test_the_table_answers_while_typing_and_the_address_follows(browser, address):
    async with visit(browser, f"{address}/design") as page:
        await page.get_by_role("searchbox").fill("honey")
        await expect(page.locator("#products tbody tr")).to_have_count(7)
        await expect(page).to_have_url(f"{address}/design?q=honey&state=")
        assert await page.evaluate("() => document.activeElement.name") == "q"
        await page.get_by_role("link", name="Price").click()
        await expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Price")
        await page.get_by_role("searchbox").fill("hone")
        await expect(page).to_have_url(f"{address}/design?q=hone&state=&sort=price")
        await page.get_by_role("searchbox").fill("no such thing")
        await expect(page.get_by_text("Nothing matches")).to_be_visible()
        await page.go_back()
        await expect(page.locator("#products tbody tr")).to_have_count(7)


async def test_the_table_answers_without_scripts(browser, address):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{address}/design")
    await page.get_by_role("searchbox").fill("honey")
    await page.get_by_role("searchbox").press("Enter")
    await expect(page.locator("#products tbody tr")).to_have_count(7)
    await page.get_by_role("link", name="Price").click()
    await expect(page).to_have_url(f"{address}/design?q=honey&sort=price")
    await context.close()


async def test_the_theme_is_remembered_without_a_flash(browser, address):
    async with visit(browser, f"{address}/design", color_scheme="light") as page:
        await page.locator(".side [data-theme-toggle]").click()
        assert await page.get_attribute("html", "data-theme") == "dark"
        await page.reload()
        assert await page.get_attribute("html", "data-theme") == "dark"


async def test_the_server_sends_toasts_to_an_open_page(browser, address):
    async with visit(browser, f"{address}/design") as page:
        await page.get_by_role("button", name="Toast: error").click()
        toast = page.locator(".toast.error")
        await expect(toast).to_contain_text("This is how a message looks.")
        await toast.get_by_role("button", name="Close").click()
        await expect(toast).to_have_count(0)


async def test_a_dangerous_button_asks_first(browser, address):
    async with visit(browser, f"{address}/design") as page:
        await page.get_by_role("button", name="Delete").first.click()
        question = page.get_by_role("alertdialog")
        await expect(question).to_be_visible()
        await look(page)
        await question.get_by_role("button", name="Cancel").click()
        await expect(question).to_be_hidden()
        await page.get_by_role("button", name="Delete").first.click()
        await question.get_by_role("button", name="Delete").click()
        await expect(page.locator(".toast.success")).to_contain_text("The form was sent.")


async def test_a_form_is_sent_once_however_often_it_is_clicked(browser, address):
    async with visit(browser, f"{address}/design") as page:
        sent = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        await page.evaluate(
            "() => { const b = document.querySelector('main form button.primary'); b.click(); b.click(); b.click(); }"
        )
        await expect(page.locator(".toast.success")).to_be_visible()
        assert len(sent) == 1


async def test_the_first_wrong_field_has_the_focus(browser, address):
    async with visit(browser, f"{address}/design") as page:
        assert await page.evaluate("() => document.activeElement.name") == "price"


async def test_a_chart_is_walked_by_keyboard(browser, address):
    async with visit(browser, f"{address}/design") as page:
        await page.locator("svg:visible .datum").first.focus()
        await expect(page.locator(".tip")).to_contain_text("Stock: 900")
        await page.keyboard.press("End")
        await expect(page.locator(".tip")).to_contain_text("Forecast")
        await page.keyboard.press("Escape")
        await expect(page.locator(".tip")).to_be_hidden()


async def test_the_password_can_be_read_and_hidden(browser, address):
    async with visit(browser, f"{address}/design") as page:
        field = page.locator("#field-password")
        await field.fill("quiet harbour")
        await page.get_by_role("button", name="Show password").click()
        assert await field.get_attribute("type") == "text"
        await page.get_by_role("button", name="Show password").click()
        assert await field.get_attribute("type") == "password"


async def test_the_menu_opens_on_a_phone(browser, address):
    async with visit(browser, f"{address}/design", viewport={"width": 390, "height": 844}) as page:
        await expect(page.locator("#side")).to_be_hidden()
        await page.get_by_role("button", name="Menu", exact=True).click()
        await expect(page.locator("#side")).to_be_visible()
        await look(page)
        await page.keyboard.press("Escape")
        await expect(page.locator("#side")).to_be_hidden()


async def test_a_live_part_follows_what_happens(browser, address):
    async with visit(browser, f"{address}/live") as page:
        await expect(page.locator("#count")).to_have_text("Changes: 3")
        assert await page.locator("#count").count() == 1
        assert await page.locator("#count-stream").count() == 1
