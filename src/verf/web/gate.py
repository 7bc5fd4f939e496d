"""The gate of the house: every request passes it on the way in, every failure on the way out."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verf.errors import VerfError
from verf.web.bodies import REFUSED, BodyTooLarge, body_limit, declared_length, limited, refuse
from verf.web.cookies import cookie_name
from verf.web.locales import negotiate, speak
from verf.web.problems import on_crash, on_http_exception, on_verf_error
from verf.web.security import refuse_cross_site


class Gate:
    """Refuses cross-site and oversized requests, and answers in the reader's language when something breaks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        speak(_language(scope))
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._enter(scope, receive, send_and_note)
        except (VerfError, HTTPException) as error:
            if started:
                raise
            await _answer(error, scope, receive, send)
        except Exception as error:
            if not started:
                await _answer(error, scope, receive, send)
            # Telemetry stands further out, counts it and writes it to the log.
            raise

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        refuse_cross_site(scope["method"], Headers(scope=scope), scope["path"])
        limit = body_limit()
        if declared_length(scope) > limit:
            raise BodyTooLarge
        await self.app(scope, limited(receive, limit), send)


async def _answer(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    if isinstance(error, VerfError):
        response = await on_verf_error(request, error)
    elif isinstance(error, HTTPException):
        scope[REFUSED] = True
        response = await on_http_exception(request, error)
    else:
        response = await on_crash(request, error)
    if isinstance(error, BodyTooLarge):
        await refuse(response, scope, receive, send)
    else:
        await response(scope, receive, send)


class Language:
    """Stands innermost, where it is known who asks: their own choice first, then their account, then their browser."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            speak(_language(scope))
        await self.app(scope, receive, send)


def _language(scope: Scope) -> str:
    headers = Headers(scope=scope)
    cookies = headers.get("cookie")
    viewer = scope.get("state", {}).get("viewer")
    return negotiate(
        cookie=cookie_parser(cookies).get(cookie_name("locale")) if cookies else None,
        preferred=getattr(viewer, "locale", None),
        accepted=headers.get("accept-language"),
    )
