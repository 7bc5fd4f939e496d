"""Every failure as an answer: a problem for programs (RFC 9457), a page for people, a toast for a page that is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from verf.errors import Invalid, NotAllowed, NotSignedIn, TooMany, VerfError
from verf.settings import House, load
from verf.telemetry import count_error, log, request_id
from verf.web.bodies import REFUSED, BodyTooLarge
from verf.web.error_words import CODES, HEADLINES, detail_of
from verf.web.forms import sentence
from verf.web.locales import gettext as _
from verf.web.rendering import page
from verf.web.toasts import Kind, Toast, toast_header

# FastAPI's words for a body that is no UTF-8, nested too deep, or holds a number too long; its other faults it names.
UNREADABLE = "There was an error parsing the body"


class Fault(BaseModel):
    """One part of the request that cannot be used."""

    pointer: str = Field(examples=["/body/email"])
    code: str = Field(examples=["string-too-short"])
    detail: str


class Problem(BaseModel):
    """What went wrong, for programs: RFC 9457."""

    type: str = Field(description="A stable address that explains this kind of problem.")
    title: str = Field(description="The kind of problem, in English.")
    status: int
    detail: str = Field(description="What happened, in the reader's language.")
    instance: str
    code: str = Field(description="The kind of problem, stable, for programs.", examples=["not-found"])
    errors: list[Fault] = []
    permission: str | None = Field(default=None, description="The permission that is missing, with 403.")
    retry_after: int | None = Field(default=None, description="Seconds after which a new try makes sense, with 429.")
    plans_url: str | None = Field(default=None, description="Where to choose a plan that gives it, with 402 and 429.")
    upgrade: str | None = Field(default=None, description="The smallest plan that gives it, with 402 and 429.")
    limit: int | None = Field(default=None, description="What the plan gives, with 402 and 429.")
    resets_at: str | None = Field(default=None, description="When the quota begins anew, with 429.")
    request_id: str


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a router: APIRouter(responses=problem_responses(401, 404)). 422 and 500 are always among them."""
    schema = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": schema}
        for status in sorted({*statuses, 422, 500})
    }


def wants_problem(request: Request) -> bool:
    """Programs get JSON: everything under /api/, and whoever asks for JSON and not for HTML."""
    accepted = request.headers.get("accept", "")
    return "/api/" in request.url.path or ("json" in accepted and "html" not in accepted)


async def on_verf_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VerfError)
    count_error(error)
    extra: dict[str, Any] = dict(error.extra)
    headers: dict[str, str] = {}
    faults: Sequence[Fault] = ()
    if isinstance(error, Invalid):
        faults = [
            Fault(pointer=f"/body/{_pointer(name)}", code=error.code, detail=_(str(text)))
            for name, text in error.fields.items()
        ]
    if isinstance(error, NotAllowed) and error.permission:
        extra["permission"] = error.permission
    if isinstance(error, TooMany):
        extra["retry_after"] = error.retry_after
        headers["Retry-After"] = str(error.retry_after)
    if error.status >= 500:
        log(__name__).warning("unavailable", error=error.code, reason=str(error))
    if isinstance(error, NotSignedIn) and not wants_problem(request):
        return sign_in_first(request)
    failure = Failure(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=_(str(error)),
        faults=faults,
        extra=extra,
        headers=headers,
    )
    return await answer(request, failure)


def sign_in_first(request: Request) -> Response:
    """People who are not signed in go and sign in, and come back to where they were going."""
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = f"/sign-in?{urlencode({'next': wanted})}" if request.method == "GET" else "/sign-in"
    return Response(status_code=303, headers={"Location": address})


async def on_bad_request(request: Request, error: Exception) -> Response:
    """What FastAPI found before our code ran. Malformed JSON is 400, wrong values are 422."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    malformed = any(fault["type"] == "json_invalid" for fault in found)
    faults = [
        Fault(
            pointer="/" + "/".join(_pointer(str(part)) for part in fault["loc"]),
            code=fault["type"].replace("_", "-"),
            detail=sentence(fault),
        )
        for fault in found
    ]
    if malformed:
        return await answer(request, Failure(status=400, code="malformed-json", faults=faults))
    return await answer(request, Failure(status=422, faults=faults))


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyTooLarge) and not request.scope.get(REFUSED):
        # The gate answers this one, because it also takes care of the rest of the body.
        raise error
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    if error.status_code == HTTPStatus.BAD_REQUEST and error.detail == UNREADABLE:
        return await answer(request, Failure(status=400, code="malformed-json"))
    said = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    return await answer(request, Failure(status=error.status_code, detail=_(said), headers=error.headers or {}))


async def on_crash(request: Request, error: Exception) -> Response:
    """The log learns everything from telemetry; the answer says only where to look."""
    return await answer(request, Failure(status=500))


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What is told about one failure, in whatever form."""

    status: int
    code: str = ""
    title: str = ""
    detail: str = ""
    faults: Sequence[Fault] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_code(self) -> str:
        return self.code or CODES.get(self.status, "error")

    @property
    def known_detail(self) -> str:
        return self.detail or str(detail_of(self.status))


async def answer(request: Request, failure: Failure) -> Response:
    if wants_problem(request):
        return _as_problem(request, failure)
    if "hx-request" in request.headers:
        return _as_toast(failure)
    return await _as_page(request, failure)


def _as_problem(request: Request, failure: Failure) -> Response:
    code = failure.known_code
    body = {
        "type": f"{load(House).url}/problems/{code}",
        "title": failure.title or code.replace("-", " ").capitalize(),
        "status": failure.status,
        "detail": failure.known_detail,
        "instance": request.url.path,
        "code": code,
        "errors": [fault.model_dump() for fault in failure.faults],
        **failure.extra,
        "request_id": request_id(),
    }
    return JSONResponse(body, failure.status, failure.headers, media_type="application/problem+json")


def _as_toast(failure: Failure) -> Response:
    kind: Kind = "error" if failure.status >= 500 else "warning"
    toast = toast_header(Toast(failure.known_detail, kind))
    return Response(status_code=failure.status, headers={**failure.headers, "HX-Reswap": "none", "HX-Trigger": toast})


async def _as_page(request: Request, failure: Failure) -> Response:
    status = failure.status
    headline, advice = HEADLINES.get(status, HEADLINES[500 if status >= 500 else 400])
    response = await page(request, "web/error.html", status, failure=failure, headline=headline, advice=advice)
    response.headers.update(failure.headers)
    return response


def _pointer(part: str) -> str:
    """RFC 6901."""
    return part.replace("~", "~0").replace("/", "~1")
