"""Keep foreign web pages out of the sandbox's controls, which have no passwords.

Scripts send neither Origin nor Sec-Fetch-Site and pass. A page of another site is refused by Sec-Fetch-Site or
Origin; one that points its own name at this machine (DNS rebinding) by the Host header.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from verf.sandbox.ticking import Ticking

SAFE = {"GET", "HEAD", "OPTIONS"}


class Guard:
    def __init__(self, app: ASGIApp, hosts: Collection[str] = (), ticking: Ticking | None = None) -> None:
        self.app = app
        self.ticking = ticking or Ticking()
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_welcome(str(scope["method"]), Headers(scope=scope)):
            answer = {
                "type": "about:blank",
                "title": "Not allowed",
                "status": 403,
                "code": "not-allowed",
                "detail": "The sandbox answers only its own pages and scripts on this machine.",
            }
            await JSONResponse(answer, 403, media_type="application/problem+json")(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_welcome(self, method: str, headers: Headers) -> bool:
        host = headers.get("host", "")
        if not is_near(_name(f"//{host}"), self.hosts):
            return False
        if method in SAFE and headers.get("sec-fetch-mode") == "navigate":
            return True  # a link to the sandbox, for instance from a mail
        if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return False
        origin = headers.get("origin")
        return origin is None or urlsplit(origin).netloc == host


def is_near(name: str, hosts: Collection[str]) -> bool:
    """Whether a stranger's DNS cannot have led here by `name`: addresses, localhost, one-word names, our own hosts."""
    if name in hosts or "." not in name or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return "invalid.host"
