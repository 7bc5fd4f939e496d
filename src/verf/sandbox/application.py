"""The sandbox as one ASGI application, to be mounted at /sandbox."""

from collections.abc import Collection, Sequence
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from verf.errors import VerfError
from verf.manifest import Simulator
from verf.sandbox.clock import Clock, ClockHook
from verf.sandbox.clock_api import clock_api
from verf.sandbox.guard import Guard
from verf.sandbox.mail_api import mail_api
from verf.sandbox.mailbox import Mailbox
from verf.sandbox.screens import screens
from verf.sandbox.ticking import Ticking
from verf.settings import House, load

OWN_NAMES = {"api", "assets", "clock", "docs", "mail", "openapi.json"}


class SandboxRefused(VerfError):
    pass


def create_sandbox(
    simulators: Sequence[Simulator],
    folder: Path,
    hooks: Sequence[ClockHook] = (),
    *,
    stylesheets: Sequence[str] = (),
    hosts: Collection[str] = (),
) -> Guard:
    """`folder` is <data>/sandbox. `hooks` are awaited with each step of the clock; `hosts` are names we go by."""
    if not load(House).is_sandbox:
        raise SandboxRefused("The sandbox is never part of a house in production mode.")
    application = FastAPI(title="verf sandbox", openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    ticking = Ticking()
    mailbox, clock = Mailbox(folder), Clock(folder, [*hooks, ticking.after_step])
    application.include_router(mail_api(mailbox))
    application.include_router(clock_api(clock))
    for simulator in simulators:
        _plug_in(application, simulator, folder)
        ticking.add(simulator, application.state.simulators[simulator.name])
    application.include_router(screens(mailbox, clock, simulators, folder, stylesheets))
    application.mount("/assets", StaticFiles(packages=[("verf.sandbox", "assets")]))
    for simulator in simulators:
        application.mount(f"/{simulator.name}", application.state.simulators[simulator.name])
    _explain_errors(application)
    return Guard(application, hosts, ticking)


def _plug_in(application: FastAPI, simulator: Simulator, folder: Path) -> None:
    """A simulator's control router finds its own application in request.app.state.simulators[name]."""
    running = getattr(application.state, "simulators", {})
    if simulator.name in OWN_NAMES or simulator.name in running:
        raise SandboxRefused(f"A simulator cannot be called {simulator.name}: the name is taken.")
    home = folder / simulator.name
    home.mkdir(parents=True, exist_ok=True)
    application.state.simulators = {**running, simulator.name: simulator.create(home)}
    if simulator.control is not None:
        application.include_router(simulator.control, prefix=f"/api/{simulator.name}", tags=[simulator.title])


def _explain_errors(application: FastAPI) -> None:
    @application.exception_handler(VerfError)
    async def known(request: Request, error: VerfError) -> Response:
        return _problem(error.status, type(error).__name__, str(error))

    @application.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        return _problem(error.status_code, str(error.detail), f"{request.url.path}: {error.detail}")

    @application.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        return _problem(422, "Invalid", "The request cannot be used; errors say why.", jsonable_encoder(error.errors()))


def _problem(status: int, title: str, detail: str, errors: list[object] | None = None) -> Response:
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors is not None:
        content["errors"] = errors
    return JSONResponse(content, status, media_type="application/problem+json")
