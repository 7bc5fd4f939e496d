"""Static files, the switches of language and theme, the reference of the API, the page of all components."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from verf.errors import NotFound
from verf.settings import House, load
from verf.web.cookies import YEAR, read_cookie, set_cookie
from verf.web.error_words import HEADLINES
from verf.web.locales import LOCALES
from verf.web.locales import gettext as _
from verf.web.problem_types import problem_types
from verf.web.reference import operations_by_tag
from verf.web.rendering import THEMES, page, redirect
from verf.web.showcase import showcase
from verf.web.static_files import serve_static
from verf.web.toasts import Kind, Toast, toast_header

router = APIRouter(include_in_schema=False)


@router.get("/static/{digest}/{name:path}")
async def static(request: Request, digest: str, name: str) -> Response:
    return serve_static(request, digest, name)


@router.get("/locale")
@router.post("/locale")
async def choose_locale(
    request: Request, to: str = "", next_page: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    response = redirect(request, own_address(next_page))
    if to in LOCALES:
        set_cookie(response, "locale", to, max_age=YEAR)
    return response


@router.get("/theme")
@router.post("/theme")
async def choose_theme(
    request: Request, to: str = "", next_page: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Without `to` the other one."""
    response = redirect(request, own_address(next_page))
    wanted = to or ("light" if read_cookie(request, "theme") == "dark" else "dark")
    if wanted in THEMES:
        set_cookie(response, "theme", wanted, max_age=YEAR, for_scripts=True)
    return response


def own_address(address: str) -> str:
    """The address when it stays on this site, otherwise the front page."""
    parts = urlsplit(address)
    stays = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return address if stays and address.isprintable() and "\\" not in address else "/"


@router.get("/problems/{code}")
async def explain_problem(request: Request, code: str) -> Response:
    found = next((kind for kind in problem_types() if kind.code == code), None)
    if found is None:
        raise NotFound(_("There is no problem of this name."))
    headline, advice = HEADLINES.get(found.status, HEADLINES[500 if found.status >= 500 else 400])
    return await page(request, "web/problem.html", problem=found, headline=headline, advice=advice)


@router.get("/design")
async def design(request: Request) -> Response:
    """Every component in all its states."""
    return await page(request, "web/design.html", **showcase(request))


@router.post("/design")
async def design_sent(request: Request) -> Response:
    return redirect(request, "/design", toast=_("The form was sent. Nothing is kept here."))


@router.post("/design/toast")
async def design_toast(kind: Kind = "info") -> Response:
    return Response(
        status_code=204, headers={"HX-Trigger": toast_header(Toast(_("This is how a message looks."), kind))}
    )


@router.get("/docs")
async def reference(request: Request) -> Response:
    """What the API offers, drawn from its own OpenAPI document."""
    groups = operations_by_tag(request.app.openapi(), load(House).url)
    return await page(request, "web/reference.html", groups=groups, problems=problem_types())
