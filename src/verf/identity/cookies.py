"""Pages keep the same two tokens as programs do, in cookies no script can read, and one that recognises the browser."""

import secrets

from starlette.requests import Request
from starlette.responses import Response

from verf.identity.sessions import Origin, Tokens
from verf.identity.settings import IdentitySettings
from verf.limits import client_address
from verf.settings import load
from verf.web import drop_cookie, read_cookie, set_cookie

ACCESS, REFRESH, DEVICE = "access", "refresh", "device"
DEVICE_LIFETIME = 400 * 24 * 60 * 60  # the longest browsers keep any cookie


def keep_tokens(response: Response, tokens: Tokens) -> None:
    """Kept as long as the session may lie idle, then gone; the access token inside lives far shorter."""
    idle = int(load(IdentitySettings).idle_lifetime.total_seconds())
    set_cookie(response, ACCESS, tokens.access, max_age=idle)
    set_cookie(response, REFRESH, tokens.refresh, max_age=idle)


def drop_tokens(response: Response) -> None:
    drop_cookie(response, ACCESS)
    drop_cookie(response, REFRESH)


def device_of(request: Request) -> str:
    """The browser's own mark, or a new one to be kept."""
    return read_cookie(request, DEVICE) or secrets.token_urlsafe(24)


def keep_device(response: Response, device: str | None) -> None:
    if device:
        set_cookie(response, DEVICE, device, max_age=DEVICE_LIFETIME)


def origin_of(request: Request, device: str) -> Origin:
    return Origin(device=device, user_agent=request.headers.get("user-agent", ""), ip=client_address(request))
