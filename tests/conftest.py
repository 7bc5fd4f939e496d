"""What every test folder shares: where a browser is, and a last word when there is none."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
HOW = (
    "On Debian and Ubuntu: apt install chromium. Any Chromium will do; VERF_CHROMIUM names one that is not on the PATH."
)


def find_browser() -> str | None:
    given = os.environ.get("VERF_CHROMIUM")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if find_browser() or os.environ.get("VERF_REQUIRE_BROWSER") == "1":
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"no Chromium found. {HOW}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if "no Chromium found" in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.section("browser tests were skipped")
        terminalreporter.write_line(f"{len(skipped)} tests that walk pages were skipped: no Chromium was found. {HOW}")


@pytest.fixture(scope="session")
def chromium() -> str:
    found = find_browser()
    assert found, f"VERF_REQUIRE_BROWSER=1 asks for a browser and none was found. {HOW}"
    return found
