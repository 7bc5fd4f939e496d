"""A house with nothing in it but pages, and a few routes that go wrong on purpose."""

import asyncio
import os
import tempfile
from types import SimpleNamespace
from typing import Annotated

os.environ.setdefault("VERF_DATA", tempfile.mkdtemp(prefix="verf-web-"))

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from pydantic import BaseModel, Field, SecretStr
from starlette.responses import Response, StreamingResponse

from verf.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany, Unavailable
from verf.manifest import NavigationItem, Room
from verf.telemetry import Telemetry, TelemetrySettings, configure_logging
from verf.web import configure, decode_cursor, install, page, problem_responses
from verf.web.manifest import room

LOOKS: list[int] = []
ADDRESS = "http://127.0.0.1:8000"
ANNA = SimpleNamespace(
    name="Anna",
    email="anna@example.com",
    initials="A",
    organisation_name="Tea",
    role="member",
    is_staff=False,
    locale=None,
)
ERRORS = {
    "invalid": Invalid("The plan is unknown.", fields={"plan": "Choose a plan."}),
    "not-allowed": NotAllowed("Only owners may do this.", permission="billing.write"),
    "not-found": NotFound("This product does not exist."),
    "conflict": Conflict("A sync is running already."),
    "not-signed-in": NotSignedIn("Sign in first."),
    "too-many": TooMany("You asked too often.", retry_after=17),
    "unavailable": Unavailable("The marketplace does not answer."),
}

router = APIRouter(responses=problem_responses(404))


class Account(BaseModel):
    email: str = Field(min_length=3, max_length=50)
    password: SecretStr
    age: int = Field(ge=18)
    tags: list[str] = []


@router.get("/fail/{name}")
@router.get("/api/v1/fail/{name}")
async def fail(name: str) -> None:
    raise ERRORS.get(name) or RuntimeError("the secret recipe")


@router.post("/api/v1/accounts")
async def accept(account: Account) -> dict[str, str]:
    return {"email": account.email}


@router.get("/api/v1/listing")
async def listing(cursor: Annotated[str, Query()]) -> list[int | str]:
    return list(decode_cursor(cursor, int, str))


@router.get("/signed-in")
async def signed_in(request: Request) -> Response:
    request.state.viewer = ANNA
    return await page(request, "web/layout.html")


@router.get("/live")
async def live(request: Request) -> Response:
    return await page(request, "probe/live.html", count=len(LOOKS))


@router.get("/live/events")
async def live_events() -> Response:
    async def events():
        for _ in range(3):
            await asyncio.sleep(0.3)
            LOOKS.append(1)
            yield "event: changed\ndata: {}\n\n"
        await asyncio.sleep(30)

    return StreamingResponse(events(), media_type="text/event-stream")


NAVIGATION = (
    NavigationItem(label="Everyone", href="/everyone", icon="house"),
    NavigationItem(label="Owners", href="/owners", icon="crown", role="owner"),
    NavigationItem(label="Staff only", href="/staff", icon="shield", staff=True),
)


def make_app() -> FastAPI:
    configure_logging(TelemetrySettings())
    configure([room, Room(name="probe", package="tests.web.probe", navigation=NAVIGATION)])
    app = FastAPI(docs_url=None, redoc_url=None)
    for one in (*room.routers, router):
        app.include_router(one)
    install(app)
    app.add_middleware(Telemetry)
    return app


@pytest.fixture
def app() -> FastAPI:
    return make_app()


@pytest.fixture
async def client(app: FastAPI):
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client
