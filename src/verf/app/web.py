"""The web application: routers of all rooms, inside the machinery that every request passes."""

from collections.abc import Sequence

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from verf import billing, notifications
from verf import web as web_room
from verf.app.front import street
from verf.app.wings import Directory, Wing
from verf.identity import SignIn
from verf.limits import RateLimitHeaders, api_reads_limited
from verf.manifest import Room
from verf.organisations import find_viewer
from verf.settings import House, load
from verf.telemetry import Telemetry

VERSION = "1"
ABOUT = """
Errors are `application/problem+json` (RFC 9457). Sign in with `POST /api/v1/auth/login` and send the access token as
`Authorization: Bearer …`. Lists are paged with an opaque `cursor`. Limits are told in `RateLimit` headers. What moves
money wants an `Idempotency-Key`: for 24 hours the same key with the same contents gets the same answer.
"""


def furnish(rooms: Sequence[Room]) -> None:
    """Templates, translations, notices and price lists: for whoever makes pages or mails, or counts money."""
    web_room.configure([*rooms, street])
    notifications.configure(rooms)
    billing.configure(rooms)


def create_web(rooms: Sequence[Room], *, sandbox: ASGIApp | None = None) -> FastAPI:
    """`sandbox` is mounted at /sandbox; production never has one."""
    furnish(rooms)
    web = FastAPI(
        title="verf", version=VERSION, description=ABOUT, docs_url=None, redoc_url=None, openapi_url="/openapi.json"
    )
    web.state.rooms = rooms
    for room in (*rooms, street):
        for router in room.routers:
            web.include_router(Wing(router), dependencies=[Depends(api_reads_limited)])
    web.router.middleware_stack = Directory(web.router)
    # The last one added stands outermost: telemetry sees everything, and what fails while people are recognised is
    # answered like any other failure.
    web.add_middleware(SignIn, look_up=find_viewer)
    web_room.install(web)
    web.add_middleware(RateLimitHeaders)
    web.add_middleware(Telemetry)
    if sandbox is not None and load(House).is_sandbox:
        web.mount("/sandbox", sandbox)
    return web
