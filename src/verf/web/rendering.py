"""From a template and its words to a response."""

import gzip
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from lucide import IconDoesNotExist
from lucide.jinja import lucide
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from verf.errors import VerfError
from verf.kit import new_id, now
from verf.manifest import Banner, NavigationItem, Product, Room
from verf.settings import House, load
from verf.telemetry import log, request_began, request_id
from verf.web import charts
from verf.web.cookies import read_cookie
from verf.web.formats import FILTERS
from verf.web.locales import LOCALES, load_catalogs, locale, raw_gettext, raw_ngettext, speak
from verf.web.navigation import declared_menus, menus_for
from verf.web.static_files import load_static, static_url
from verf.web.toasts import Kind, Toast, clear_toast, leave_toast, waiting_toast

WORTH_COMPRESSING = 1_000
THEMES = ("light", "dark")

_environment: Environment | None = None
_menus: Sequence[tuple[str, Sequence[NavigationItem]]] = ()
_products: Sequence[Product] = ()
_banners: Sequence[Banner] = ()


def configure(rooms: Sequence[Room]) -> None:
    """Tell this room where templates, static files and translations lie. Called by app, once."""
    global _environment, _menus, _products, _banners
    folders = [_folder(package) for package in _packages(rooms)]
    load_static(_packages(rooms))
    load_catalogs([_folder("verf") / "locale", *(folder / "locale" for folder in folders)])
    house = load(House)
    _environment = _environment_of(tuple(folder / "templates" for folder in folders), house.data, house.is_sandbox)
    _menus = declared_menus(rooms)
    _products = [room for room in rooms if isinstance(room, Product)]
    _banners = [banner for room in rooms for banner in room.banners]


def _packages(rooms: Sequence[Room]) -> list[str]:
    return list(dict.fromkeys(["verf.web", *(room.package for room in rooms)]))


def _folder(package: str) -> Path:
    return Path(str(files(package)))


@lru_cache(maxsize=8)
def _environment_of(folders: tuple[Path, ...], data: Path, is_sandbox: bool) -> Environment:
    """Kept, with the templates that it has read."""
    environment = Environment(
        loader=FileSystemLoader(folders),
        bytecode_cache=_bytecode_cache(data),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=is_sandbox,
    )
    dress(environment)
    environment.globals.update(icon=icon, static=static_url, charts=charts, now=now, new_id=new_id, locales=LOCALES)
    environment.globals["request_began"] = request_began
    # Components are reachable from every template and from every block rendered alone.
    environment.globals["ui"] = environment.get_template("web/macros.html").module
    return environment


def dress(environment: Environment) -> None:
    """Give another environment, such as that of mails, the words and formats of pages; it has jinja2.ext.i18n."""
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(raw_gettext, raw_ngettext, newstyle=True)  # type: ignore[attr-defined]  # the i18n extension adds it
    environment.filters.update(FILTERS)


def _bytecode_cache(data: Path) -> FileSystemBytecodeCache:
    folder = data / "cache" / "templates"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileSystemBytecodeCache(str(folder))


@cache
def icon(name: str) -> Markup:
    """An icon of lucide, drawn in the colour of the text around it; silent for screen readers."""
    attributes = {"class": "icon", "aria-hidden": "true"}
    try:
        return Markup(lucide(name, size=None, **attributes))  # noqa: S704  # drawn by the icon set
    except IconDoesNotExist:
        log(__name__).warning("icon does not exist", icon=name)
        return Markup(lucide("circle-dashed", size=None, **attributes))  # noqa: S704  # drawn by the icon set


def environment() -> Environment:
    if _environment is None:
        raise RuntimeError("verf.web.configure(rooms) has not been called.")
    return _environment


async def page(
    request: Request,
    template: str,
    status: int = 200,
    *,
    block: str | None = None,
    **context: Any,
) -> Response:
    """The template as a response; for htmx only the block whose name is the id of the target, if there is one."""
    toast = waiting_toast(request)
    part = block or _wanted_block(request, template)
    banners = [] if part else await _shown_banners(request)
    html = render(request, template, block=part, toast=toast, **{"banners": banners, **context})
    response = _compressed(request, html, status)
    if toast:
        clear_toast(response)
    return response


async def _shown_banners(request: Request) -> list[tuple[str, Any]]:
    """For whoever works in an organisation. One that cannot be made is left out: the page matters more."""
    if getattr(viewer_of(request), "organisation", None) is None:
        return []
    shown = []
    for banner in _banners:
        try:
            words = await banner.show(request)
        except VerfError as error:
            log(__name__).warning("a banner cannot be shown", template=banner.template, reason=str(error))
            continue
        if words:
            shown.append((banner.template, words))
    return shown


def _compressed(request: Request, html: str, status: int) -> Response:
    headers = {"Cache-Control": "private, no-store", "Vary": "HX-Request, Cookie, Accept-Encoding"}
    if len(html) < WORTH_COMPRESSING or "gzip" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse(html, status, headers=headers)
    content = gzip.compress(html.encode(), 4, mtime=0)
    return HTMLResponse(content, status, headers={**headers, "Content-Encoding": "gzip"})


def render(request: Request, template: str, *, block: str | None = None, **context: Any) -> str:
    values = {**page_context(request), **context}
    found = environment().get_template(template)
    if block is None:
        return found.render(values)
    return "".join(found.blocks[block](found.new_context(values)))


def _wanted_block(request: Request, template: str) -> str | None:
    """htmx 4 names its target as tag#id."""
    target = request.headers.get("hx-target", "").partition("#")[2].replace("-", "_")
    return target if target and target in environment().get_template(template).blocks else None


def page_context(request: Request) -> dict[str, Any]:
    viewer = viewer_of(request)
    preferred = getattr(viewer, "locale", None)
    if preferred and read_cookie(request, "locale") is None:
        speak(preferred)
    theme = read_cookie(request, "theme")
    return {
        "request": request,
        "viewer": viewer,
        "navigation": menus_for(viewer, request.url.path, _menus),
        "products": _products,
        "locale": locale(),
        "theme": theme if theme in THEMES else "",
        "sandbox": load(House).is_sandbox,
        "request_id": request_id(),
        "toast": None,
        "banners": [],
    }


def viewer_of(request: Request) -> Any:
    """Who is signed in, or None; set by the room that knows people."""
    return getattr(request.state, "viewer", None)


def redirect(request: Request, url: str, toast: str | None = None, kind: Kind = "success") -> Response:
    """Go to another page of ours after a form: 303, or HX-Redirect for htmx. `toast` is shown there."""
    # What a form has sent may stand in it: a line break or a fox would break the header.
    quoted = quote(url, safe=":/%#?=@[]!$&'()*+,;")
    if "hx-request" in request.headers:
        response = Response(status_code=200, headers={"HX-Redirect": quoted})
    else:
        response = Response(status_code=303, headers={"Location": quoted})
    if toast:
        leave_toast(response, Toast(str(toast), kind))
    return response
