"""What every answer says to the browser, and which requests other sites may not send in a person's name."""

from functools import cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verf.errors import NotAllowed
from verf.settings import House, load
from verf.web.cookies import is_secure
from verf.web.locales import gettext as _
from verf.web.settings import WebSettings

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
TWO_YEARS = "max-age=63072000; includeSubDomains"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@cache
def _lines(is_secure: bool) -> tuple[tuple[bytes, bytes], ...]:
    """As ASGI takes them: they stand in every answer."""
    headers = HEADERS | ({"Strict-Transport-Security": TWO_YEARS} if is_secure else {})
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


class SecurityHeaders:
    """Around everything, so that error pages carry the headers too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = message["headers"] = list(message.get("headers", ()))
                names = {name.lower() for name, _ in told}
                told += [line for line in _lines(is_secure()) if line[0] not in names]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class CrossSiteRequest(NotAllowed):
    """The request came from a page of another site."""


def refuse_cross_site(method: str, headers: Headers, path: str) -> None:
    """Browsers say where a request comes from; cookies are only believed when it comes from our own pages.

    Requests that carry an Authorization header did not get it from the browser by themselves, and clients that are no
    browsers send neither header, nor anybody's cookies but their own.
    """
    if method in SAFE_METHODS or "authorization" in headers or _is_own(headers):
        return
    if "/api/" in path and headers.get("origin", "") in load(WebSettings).origins:
        return
    raise CrossSiteRequest(
        _("This request came from another site, so it was not carried out. Open the page here and try again.")
    )


def _is_own(headers: Headers) -> bool:
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in ("same-origin", "none")
    if origin is None:
        return True
    # Browsers before Sec-Fetch-Site, and plain-HTTP addresses to which browsers do not send it.
    return urlsplit(origin).netloc in (headers.get("host"), urlsplit(load(House).url).netloc) and origin != "null"
