"""A house of many rooms: whoever looks for an address asks only where it can be."""

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import Scope


class Wing(APIRouter):
    """Holds one router of a room, and looks into it only for addresses that begin like one of its own.

    FastAPI tries the routes of all included routers one by one, and twice: with a hundred routes that took longer than
    many an answer.
    """

    def __init__(self, router: APIRouter) -> None:
        super().__init__()
        self.include_router(router)
        self._beginnings = tuple({_beginning(route.path) for route in iter_route_contexts(self.routes)})

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not scope.get("root_path") and not scope["path"].startswith(self._beginnings):
            return Match.NONE, {}
        return super().matches(scope)


def _beginning(path: str | None) -> str:
    """What all addresses of a route have in common: up to the first parameter."""
    return (path or "").partition("{")[0]
