"""The page where a person pays a simulated provider: one look for all, no scripts, a form that works anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from verf.sandbox.payments.cards import CARDS, Card

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}

_templates = Environment(
    loader=PackageLoader("verf.sandbox"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What stands on a hosted page. `lines` are (what, how much); `facts` are small print (name, value)."""

    provider: str
    title: str
    total: str
    lines: Sequence[tuple[str, str]] = ()
    facts: Sequence[tuple[str, str]] = ()
    # Where the form goes; the page sends `card` with it, and every one of `hidden`.
    action: str = ""
    cards: Sequence[Card] = CARDS
    hidden: Sequence[tuple[str, str]] = ()
    button: str = "Continue"
    # Said above the form after an attempt that failed; the person may try another card.
    problem: str = ""
    # When nothing can be paid any more: what happened, said instead of the form.
    closed: str = ""
    # Where "back to the shop" leads, and where the answer to the form may send the browser.
    back: str = ""
    leads_to: Sequence[str] = field(default=())


def checkout_page(request: Request, checkout: Checkout, *, name: str, status: int = 200) -> Response:
    """`name` is the simulator's, whose mount the sandbox's own files lie beside."""
    theme = request.cookies.get("__Host-theme") or request.cookies.get("theme")
    html = _templates.get_template("checkout.html").render(
        checkout=checkout,
        root=request.scope.get("root_path", "").removesuffix(f"/{name}"),
        theme=theme if theme in {"light", "dark"} else "",
    )
    policy = (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {' '.join(_origins(checkout))}"
    )
    return HTMLResponse(html, status, headers={"Content-Security-Policy": policy, **HEADERS})


def back_to(url: str) -> Response:
    """Send a browser on after its form was taken."""
    return RedirectResponse(url, 303, headers=HEADERS)


def _origins(checkout: Checkout) -> list[str]:
    """Browsers follow a redirect after a form only to where the policy allows."""
    parts = [urlsplit(url) for url in (checkout.back, *checkout.leads_to) if url]
    return ["'self'", *sorted({f"{part.scheme}://{part.netloc}" for part in parts if part.netloc})]
