"""The first page of the product for somebody signed in: server time, statements, and what a cold browser loads."""

import gzip
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

from jinja2 import Template
from starlette.types import Message

from benchmarks.comparing import Line, Sample, Scale, percentile
from benchmarks.ground import Ground
from benchmarks.statements import noting_statements

# The dashboard when it is there, else the next best page that asks the database.
PAGES = ("/stock/", "/account/sessions")
ASSETS = re.compile(
    r"""(?:<script[^>]*\ssrc|<link[^>]*rel="(?:stylesheet|preload|icon)"[^>]*\shref)="(/static/[^"]+)\""""
)
COMPRESSED = {".woff2", ".png", ".webp"}


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    path = await first_page(ground)
    with noting_statements() as noted, _noting_templates() as rendered:
        await ground.member.http.get(path)
    template, context = rendered[-1]
    times, alone = [], []
    for _ in range(scale.requests + 5):
        times.append(await _served(ground, path))
        alone.append(_rendered(template, context))
    times, alone = times[5:], alone[5:]
    kilobytes = await cold_kilobytes(ground, path)
    middle, slow = percentile(times, 0.5), percentile(times, 0.95)
    return [
        Line(f"page {path}, p50", "ms", Sample(middle), Sample(percentile(alone, 0.5)), "its template alone"),
        Line(f"page {path}, p95", "ms", Sample(slow), Sample(percentile(alone, 0.95)), "its template alone", 50),
        Line(f"page {path}, statements", "", Sample(len(noted)), target=6),
        Line(f"page {path}, cold load", "KB gz", Sample(kilobytes), target=110),
    ]


async def first_page(ground: Ground) -> str:
    for path in PAGES:
        if (await ground.member.http.get(path)).status_code == 200:
            return path
    raise LookupError(f"None of {PAGES} answers.")


async def cold_kilobytes(ground: Ground, path: str) -> float:
    """The page and all it names, as they travel: fonts as they are, the rest as gzip."""
    found = await ground.member.http.get(path)
    sizes = [len(gzip.compress(found.content, 4))]
    for address in dict.fromkeys(ASSETS.findall(found.text)):
        asset = (await ground.member.http.get(urljoin(path, address))).raise_for_status()
        packed = any(address.endswith(ending) for ending in COMPRESSED)
        sizes.append(len(asset.content) if packed else len(gzip.compress(asset.content)))
    return sum(sizes) / 1000


async def _served(ground: Ground, path: str) -> float:
    """Straight into the application, without a client's work in the time."""
    headers = [
        (b"host", b"127.0.0.1:8000"),
        (b"authorization", f"Bearer {ground.token}".encode()),
        (b"accept-encoding", b"gzip"),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    started = time.perf_counter()
    await ground.web(scope, receive, send)
    elapsed = (time.perf_counter() - started) * 1000
    if statuses != [200]:
        raise RuntimeError(f"{path} answered {statuses}.")
    return elapsed


def _rendered(template: Template, context: dict[str, Any]) -> float:
    started = time.perf_counter()
    template.render(context)
    return (time.perf_counter() - started) * 1000


@contextmanager
def _noting_templates() -> Iterator[list[tuple[Template, dict[str, Any]]]]:
    """What is rendered in here, to render it again alone."""
    noted: list[tuple[Template, dict[str, Any]]] = []
    render = Template.render

    def note(template: Template, *values: Any, **more: Any) -> str:
        noted.append((template, dict(*values, **more)))
        return render(template, *values, **more)

    Template.render = note  # type: ignore[method-assign]  # only while one page is made
    try:
        yield noted
    finally:
        Template.render = render  # type: ignore[method-assign]  # as it was
