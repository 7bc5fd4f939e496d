"""Limits at the edge: who is counted as whom, and what the answer says about it."""

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from math import ceil

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verf.limits.addresses import client_address, network_of
from verf.limits.headers import headers_of
from verf.limits.hits import QuotaExceeded, forget_hits, hit
from verf.limits.policies import FAILURES, Policy, policy_of
from verf.limits.windows import Decision
from verf.telemetry import log, route_template

CREDENTIALS = "credentials"
TOLD = "verf.limits"


def limited(name: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency: Depends(limited("reads")). Counts by request.state.caller when somebody set it, else by address."""

    async def count(request: Request) -> None:
        await guard(request, name)

    return count


async def api_reads_limited(connection: HTTPConnection) -> None:
    """For every router of the house: who reads the API is counted; pages, health and metrics are not."""
    scope = connection.scope
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"].startswith("/api/"):
        await guard(connection, "reads")


async def guard(request: HTTPConnection, name: str, *, account: str = "", caller: str = "", purpose: str = "") -> None:
    """Count a hit of the class `name`, or raise QuotaExceeded (429).

    Credentials are counted by address and by account, each endpoint on its own; two endpoints that test the same
    secret share a `purpose`. Others are counted by `caller` ("organisation:…", "person:…") or request.state.caller,
    and by address when neither is known.
    """
    policy = policy_of(name)
    if name != CREDENTIALS:
        await _count(request, policy, caller or getattr(request.state, "caller", "") or _address_key(request))
        return
    place = purpose or route_template(request.scope)
    await _count(request, policy, f"{place}:{_address_key(request)}")
    if not account:
        return
    await _count(request, policy, f"{place}:{_account_key(account)}")
    for tier in FAILURES if policy.quota else ():
        await _count(request, tier, _failure_key(request, account), cost=0)


def tell(request: HTTPConnection, policy: Policy, decision: Decision) -> None:
    """Put a limit that was counted elsewhere, such as a plan's quota, on the answer: the most urgent one is shown."""
    request.scope.get(TOLD, {})[policy.name] = (policy, decision)


async def failed(request: Request, *, account: str) -> None:
    """Credentials were wrong: the pause before this account may be tried again from here grows with each failure."""
    log(__name__).warning("credentials refused", address=network_of(client_address(request)))
    for tier in FAILURES:
        await hit(tier, _failure_key(request, account))


async def succeeded(request: Request, *, account: str) -> None:
    """Credentials were right: earlier failures from here are forgiven."""
    for tier in FAILURES:
        await forget_hits(tier, _failure_key(request, account))


class RateLimitHeaders:
    """Pure ASGI; puts what was counted on every answer, refusals and errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told: dict[str, tuple[Policy, Decision]] = {}
        scope[TOLD] = told

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and told:
                headers = MutableHeaders(scope=message)
                for name, value in _most_urgent(told).items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, send_with_headers)


async def _count(request: HTTPConnection, policy: Policy, key: str, *, cost: int = 1) -> None:
    if not policy.quota:
        return
    decision = await hit(policy, key, cost)
    told = request.scope.get(TOLD, {})
    if cost or not decision.allowed:
        before = told.get(policy.name)
        if not before or decision.remaining <= before[1].remaining:
            told[policy.name] = (policy, decision)
    if decision.allowed:
        return
    log(__name__).warning("limit reached", policy=policy.name, route=route_template(request.scope))
    raise QuotaExceeded(
        "Too many requests. Please wait a little and try again.",
        retry_after=max(1, ceil(decision.retry_after)),
        headers=headers_of(policy, decision),
    )


def _most_urgent(told: dict[str, tuple[Policy, Decision]]) -> dict[str, str]:
    return headers_of(*min(told.values(), key=lambda each: (each[1].allowed, each[1].remaining / each[0].quota)))


def _address_key(request: HTTPConnection) -> str:
    return f"address:{network_of(client_address(request))}"


def _account_key(account: str) -> str:
    """Hashed, so that no address book grows in the store."""
    return f"account:{blake2b(account.strip().casefold().encode(), digest_size=16).hexdigest()}"


def _failure_key(request: HTTPConnection, account: str) -> str:
    return f"{_account_key(account)}:{_address_key(request)}"
