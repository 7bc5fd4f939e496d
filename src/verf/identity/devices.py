"""A browser's own words, made short enough for a list of sessions. Proof of nothing."""

import re

# Order matters: Edge and Opera also say Chrome, Chrome also says Safari.
BROWSERS = {
    "Edge": r"Edg(?:e|A|iOS)?/",
    "Opera": r"OPR/|Opera",
    "Yandex Browser": r"YaBrowser/",
    "Firefox": r"Firefox/|FxiOS/",
    "Samsung Internet": r"SamsungBrowser/",
    "Chrome": r"Chrome/|CriOS/|Chromium/",
    "Safari": r"Safari/",
}
SYSTEMS = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "Windows": r"Windows",
    "macOS": r"Mac OS X|Macintosh",
    "ChromeOS": r"CrOS",
    "Linux": r"Linux|X11",
}


def describe(user_agent: str) -> str:
    """`Firefox, Linux`; for programs, the name they give themselves; empty when they give none."""
    parts = [_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)]
    found = ", ".join(part for part in parts if part)
    return found or user_agent.split("/", maxsplit=1)[0][:40]


def _first(known: dict[str, str], user_agent: str) -> str:
    return next((name for name, pattern in known.items() if re.search(pattern, user_agent)), "")
