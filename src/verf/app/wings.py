"""A house of many rooms: whoever looks for an address asks only where it can be."""

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import Receive, Scope, Send


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
        if not scope.get("root_path") and not self.may_have(scope["path"]):
            return Match.NONE, {}
        return super().matches(scope)

    def may_have(self, path: str) -> bool:
        return path.startswith(self._beginnings)


class Directory:
    """Stands before the router of the house and leads straight to the wing that has the address.

    What no wing has whole, the router looks for as always: other methods, missing slashes, its own addresses.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        included = [(getattr(route, "original_router", None), route) for route in router.routes]
        self._wings = [(wing, route) for wing, route in included if isinstance(wing, Wing)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            path = scope["path"]
            for route in [route for wing, route in self._wings if wing.may_have(path)]:
                if route.matches(scope)[0] is Match.FULL:
                    scope.setdefault("router", self._router)
                    await route.handle(scope, receive, send)
                    return
        await self._router.app(scope, receive, send)


def _beginning(path: str | None) -> str:
    """What all addresses of a route have in common: up to the first parameter."""
    return (path or "").partition("{")[0]
