"""A person with a browser who notices everything that goes wrong on a page."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
# Set VERF_SCREENSHOTS to a folder to keep a picture of each step.
PICTURES = os.environ.get("VERF_SCREENSHOTS")
WATCH = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', event => {
  window.__violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
});
"""


@asynccontextmanager
async def open_browser(executable: str, folder: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    def __init__(self, context: BrowserContext, page: Page, url: str, name: str) -> None:
        self.context, self.page, self.url, self.name = context, page, url, name
        self.complaints: list[str] = []
        self.expected: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("requestfailed", self._notice)

    @classmethod
    async def arrive(
        cls,
        browser: Browser,
        url: str,
        *,
        language: str = "en-GB",
        theme: str = "light",
        phone: bool = False,
        name: str = "",
    ) -> Self:
        context = await browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            locale=language,
            color_scheme=theme,  # type: ignore[arg-type]
            has_touch=phone,
            accept_downloads=True,
        )
        await context.add_init_script(WATCH)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        return cls(context, page, url, name or f"{language[:2]}-{theme}-{'phone' if phone else 'desktop'}")

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def look(self, step: str) -> None:
        """Check the page as it stands: no CSP violation, no axe violation, nothing wider than the screen."""
        await self._no_violations(step)
        width = await self.page.evaluate("() => document.documentElement.scrollWidth")
        allowed = (self.page.viewport_size or DESKTOP)["width"]
        assert width <= allowed, f"{step}: the page is {width} px wide on a screen of {allowed}"
        results = await Axe().run(self.page)
        assert results.violations_count == 0, f"{step}: {results.generate_report()}"
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{self.name}-{step}.png", full_page=True, caret="initial")

    async def leave(self) -> None:
        await self._no_violations("at the end")
        await self.context.close()
        wrong = [line for line in self.complaints if not any(known in line for known in self.expected)]
        assert wrong == [], wrong

    async def _no_violations(self, step: str) -> None:
        violations = await self.page.evaluate("() => window.__violations ?? []")
        assert violations == [], f"{step}: {violations}"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text} at {self.page.url}")

    def _notice(self, request: Request) -> None:
        # Leaving a page cancels its live stream and what it was still loading; that is no fault.
        if "ERR_ABORTED" not in str(request.failure):
            self.complaints.append(f"failed: {request.url} {request.failure}")
