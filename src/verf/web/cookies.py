"""Cookies that only this host can set and read; __Host- where there is HTTPS."""

from starlette.requests import Request
from starlette.responses import Response

from verf.settings import House, load

YEAR = 365 * 24 * 60 * 60


def is_secure() -> bool:
    return bool(load(House).url.startswith("https://"))


def cookie_name(name: str) -> str:
    return f"__Host-{name}" if is_secure() else name


def read_cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(cookie_name(name))


def set_cookie(
    response: Response, name: str, value: str, *, max_age: int | None = None, for_scripts: bool = False
) -> None:
    """HttpOnly unless a script of ours writes it too; SameSite=Lax; gone with the browser without max_age."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age,
        path="/",
        secure=is_secure(),
        httponly=not for_scripts,
        samesite="lax",
    )


def drop_cookie(response: Response, name: str) -> None:
    response.set_cookie(cookie_name(name), "", max_age=0, path="/", secure=is_secure(), httponly=True, samesite="lax")
