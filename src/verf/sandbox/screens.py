"""What a person sees of the sandbox: where things are, the mail that arrived, how to steer it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from verf.manifest import Simulator
from verf.sandbox.clock import Clock
from verf.sandbox.controls import controls_of
from verf.sandbox.mailbox import Mailbox
from verf.sandbox.message import read_message
from verf.sandbox.prose import prose
from verf.sandbox.smtp import smtp_address
from verf.settings import House, load

PAGE_SIZE = 50
PAGE_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# The mail's own world: it may look like anything, but runs nothing, loads nothing and links open in a new tab.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
FRAMED_HERE = {"X-Frame-Options": "SAMEORIGIN"}

_templates = Environment(
    loader=PackageLoader("verf.sandbox"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["prose"] = prose


def screens(
    mailbox: Mailbox, clock: Clock, simulators: Sequence[Simulator], folder: Path, stylesheets: Sequence[str]
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    async def show(request: Request, template: str, **context: Any) -> Response:
        house = {
            "root": request.scope.get("root_path", ""),
            "theme": theme_of(request),
            "stylesheets": stylesheets,
            "clock": clock.reading,
        }
        html = _templates.get_template(template).render({**house, **context})
        return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY, **SAFE_HEADERS})

    @router.get("/")
    async def index(request: Request) -> Response:
        count = await asyncio.to_thread(mailbox.count)
        addresses = {"site": load(House).url, "smtp": smtp_address(folder)}
        return await show(request, "index.html", here="", simulators=simulators, mails=count, **addresses)

    @router.get("/docs")
    async def documentation(request: Request) -> Response:
        controls = controls_of(request.app.openapi())
        return await show(
            request, "docs.html", here="docs", controls=controls, simulators=simulators, site=load(House).url
        )

    @router.get("/mail")
    async def mails(
        request: Request,
        q: Annotated[str, Query(max_length=200)] = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        count = await asyncio.to_thread(mailbox.count, search=q)
        start = (page - 1) * PAGE_SIZE
        found = await asyncio.to_thread(mailbox.newest, search=q, limit=PAGE_SIZE, offset=start)
        last = max(1, -(-count // PAGE_SIZE))
        return await show(request, "mails.html", here="mail", mails=found, count=count, q=q, page=page, last=last)

    @router.get("/mail/{mail}")
    async def mail(request: Request, mail: str) -> Response:
        found = await asyncio.to_thread(mailbox.get, mail)
        message = read_message(await asyncio.to_thread(mailbox.source, mail))
        return await show(request, "mail.html", here="mail", mail=found, message=message)

    @router.get("/mail/{mail}/html")
    async def mail_html(mail: str) -> Response:
        found = await asyncio.to_thread(mailbox.get, mail)
        page = f'<base target="_blank">{found.html}'
        return HTMLResponse(page, headers={"Content-Security-Policy": MAIL_POLICY, **SAFE_HEADERS, **FRAMED_HERE})

    return router


def theme_of(request: Request) -> str:
    """What was chosen on the site, which keeps it in a cookie of this name; nothing means as the system likes it."""
    theme = request.cookies.get("__Host-theme") or request.cookies.get("theme")
    return theme if theme in {"light", "dark"} else ""
