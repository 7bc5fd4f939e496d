"""On every request: who is this? Bearer tokens for programs, cookies for pages, one look at the session for both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verf.database import transaction
from verf.identity import access_tokens
from verf.identity.cookies import ACCESS, DEVICE, REFRESH, drop_tokens, keep_tokens
from verf.identity.rotation import Refusal, rotate
from verf.identity.viewers import Viewer
from verf.telemetry import bind, log
from verf.web import read_cookie

LookUp = Callable[[UUID], Awaitable[Viewer | None]]
# Nobody needs to be known for these, and they must answer while the database does not.
OPEN = ("/static/", "/health/", "/metrics", "/favicon.ico")


@dataclass
class _Found:
    viewer: Viewer | None = None
    cookies: Response = field(default_factory=Response)


class SignIn:
    """Sets request.state.viewer: a Viewer, or None for strangers. Refreshes a page's tokens on the way."""

    def __init__(self, app: ASGIApp, look_up: LookUp) -> None:
        self.app = app
        self.look_up = look_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        # A websocket's handshake has the same headers and cookies.
        request = Request({**scope, "type": "http"})
        state = scope.setdefault("state", {})
        try:
            found = _Found() if scope["path"].startswith(OPEN) else await self._recognise(request)
        except (SQLAlchemyError, PostgresError, OSError):
            # We stand outside of what turns errors into answers. Whoever needs to know the viewer says 503 instead.
            log(__name__).exception("sessions cannot be read")
            found, state["viewer_unknown"] = _Found(), True
        state["viewer"] = found.viewer
        if found.viewer:
            state["session_id"] = found.viewer.session
            state["caller"] = f"person:{found.viewer.person.id}"
            bind(person=str(found.viewer.person.id), session=str(found.viewer.session))
        await self.app(scope, receive, _with_cookies(send, found.cookies))

    async def _recognise(self, request: Request) -> _Found:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _Found(await self._viewer(access_tokens.read(token.strip())))
        access, refresh = read_cookie(request, ACCESS), read_cookie(request, REFRESH)
        if not access and not refresh:
            return _Found()
        session = access_tokens.read(access) if access else None
        if session is None and refresh:
            return await self._refresh(refresh, read_cookie(request, DEVICE))
        found = _Found(await self._viewer(session))
        if found.viewer is None:
            drop_tokens(found.cookies)
        return found

    async def _refresh(self, presented: str, device: str | None) -> _Found:
        async with transaction() as session:
            rotation = await rotate(session, presented, device=device)
        found = _Found()
        if rotation.tokens:
            found.viewer = await self._viewer(rotation.tokens.session)
            keep_tokens(found.cookies, rotation.tokens)
        elif rotation.refusal is not Refusal.BUSY:
            drop_tokens(found.cookies)
        return found

    async def _viewer(self, session: UUID | None) -> Viewer | None:
        return await self.look_up(session) if session else None


def _with_cookies(send: Send, cookies: Response) -> Send:
    lines = [value for name, value in cookies.raw_headers if name == b"set-cookie"]
    if not lines:
        return send

    async def send_with_cookies(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            already = {line.split("=", 1)[0] for line in headers.getlist("set-cookie")}
            # What the page itself says about a cookie, such as signing out, is newer than what we found on the way in.
            for line in (line.decode("latin-1") for line in lines):
                if line.split("=", 1)[0] not in already:
                    headers.append("set-cookie", line)
        await send(message)

    return send_with_cookies
