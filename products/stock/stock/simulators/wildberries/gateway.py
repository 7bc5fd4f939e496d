"""The front door of all hosts: finds the method, checks the token, counts the request, asks the section."""

import asyncio
import gzip
import re
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

import orjson

from stock.simulators.wildberries.answers import Answer, Refused, problem
from stock.simulators.wildberries.faults import Fault, Faults, instead, spoil
from stock.simulators.wildberries.limits import COST_OF_REFUSAL, TYPES, WITH_SECRET, Bucket, Limits, limit_of, refusal
from stock.simulators.wildberries.moments import moment_of, when_of
from stock.simulators.wildberries.sellers import Seller, Sellers
from stock.simulators.wildberries.shop import Shop
from stock.simulators.wildberries.tokens import (
    BASE,
    OUR_SERVICE,
    PERSONAL,
    READ_ONLY,
    SERVICE,
    TEST,
    Claims,
    TokenProblem,
    Tokens,
)
from verf.kit import now

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_LIMIT = 1024 * 1024
LOGGED_REQUESTS = 200_000
NOT_FOUND = "Please consult the https://dev.wildberries.ru/openapi/api-information"


@dataclass
class Settings:
    """Switches of the whole simulated marketplace."""

    row_cut: int = 80_000
    hides_warehouses: bool = True
    scope_status: Literal[401, 403] = 401
    enforces_limits: bool = True
    remains_ready_after_seconds: int = 20


@dataclass(slots=True)
class Call:
    """A request that was let in, and the world it is about."""

    shop: Shop
    moment: int  # the present of the world
    claims: Claims
    settings: Settings
    seller: Seller
    tasks: dict[str, Any]
    hits: dict[str, Fault]
    path: dict[str, str]
    query: dict[str, str]
    raw: bytes

    @property
    def view(self) -> Any:
        return self.shop.view_before if "stale" in self.hits else self.shop.view

    def body(self, refused: Callable[[int, str], Refused]) -> dict[str, Any]:
        try:
            content = orjson.loads(self.raw or b"{}")
        except orjson.JSONDecodeError:
            raise refused(400, "Request body can not be decoded") from None
        if not isinstance(content, dict):
            raise refused(400, "Request body can not be decoded")
        return content


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Method:
    host: str
    verb: str
    path: str
    scope: int | None
    answer: Handler
    types: frozenset[int] = frozenset({BASE, PERSONAL, SERVICE})
    with_secret: bool = True
    writes: bool = False

    def match(self, host: str, verb: str, path: str) -> dict[str, str] | None:
        if host != self.host or verb != self.verb:
            return None
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


@dataclass(slots=True)
class Entry:
    """A line of the request log. `allowed_at` is the earliest moment the limit let this request through."""

    seller: str
    host: str
    method: str
    path: str
    status: int
    at: int
    allowed_at: int
    kind: str
    flags: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        times = {"at": when_of(self.at).isoformat(), "allowed_at": when_of(self.allowed_at).isoformat()}
        fields = {name: getattr(self, name) for name in self.__slots__ if name not in times}
        return fields | times | {"was_early": self.at < self.allowed_at}


class Gateway:
    """The whole simulated service as one ASGI application."""

    def __init__(self, folder: Path, methods: list[Method], *, seed: int = 1) -> None:
        self.sellers = Sellers(folder, seed=seed)
        self.tokens = Tokens(folder)
        self.limits = Limits()
        self.faults = Faults()
        self.settings = Settings()
        self.log: deque[Entry] = deque(maxlen=LOGGED_REQUESTS)
        self.tasks: dict[str, dict[str, Any]] = {}
        self._methods = methods
        self.hosts = {method.host for method in methods}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        raw = await _read(receive)
        host, path = self._address(scope)
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        moment = moment_of(now())
        entry = Entry("", host, scope["method"], path, 0, moment, moment, "")
        hits: dict[str, Fault] = {}
        answer = await self._answer(entry, headers, scope["query_string"].decode(), raw, hits)
        entry.status = answer.status
        self.log.append(entry)
        if "slow" in hits:
            await asyncio.sleep(hits["slow"].seconds)
        await _send(send, answer, headers, is_reset="reset" in hits)

    def _address(self, scope: Scope) -> tuple[str, str]:
        """The host by its own name, or as the first part of the path: /content-api/content/v2/…"""
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        named = dict(scope["headers"]).get(b"host", b"").decode().split(".wildberries.ru")[0]
        if named in self.hosts:
            return named, path
        host, _, rest = path.lstrip("/").partition("/")
        return host, "/" + rest

    async def _answer(
        self, entry: Entry, headers: dict[str, str], query: str, raw: bytes, hits: dict[str, Fault]
    ) -> Answer:
        found = [
            (method, path)
            for method in self._methods
            if (path := method.match(entry.host, entry.method, entry.path)) is not None
        ]
        if not found:
            return problem(404, NOT_FOUND)
        method, path = found[0]
        try:
            claims = self.tokens.check(headers.get("authorization", ""))
        except TokenProblem as why:
            return problem(401, str(why), origin="s2s-api-auth-catalog")
        seller = self.sellers.get(claims.sid)
        if seller is None:
            return problem(401, "token problem; unknown seller", origin="s2s-api-auth-catalog")
        entry.seller = seller.id
        hits |= self.faults.strike(seller.id, entry.path)
        if (refused := self._barrier(method, claims, headers, entry)) is not None:
            return refused
        bucket = self._bucket(method, claims, headers)
        asked = {
            "claims": claims,
            "hits": hits,
            "path": path,
            "query": dict(parse_qsl(query, keep_blank_values=True)),
            "raw": raw,
        }
        return await self._counted(bucket, entry, method, seller, hits, lambda: self._ask(method, seller, asked))

    def _barrier(self, method: Method, claims: Claims, headers: dict[str, str], entry: Entry) -> Answer | None:
        """What the token may not do, whatever the request says."""
        entry.kind = TYPES[claims.account].lower()
        if claims.account == TEST or (method.scope is not None and not claims.may(method.scope)):
            return problem(self.settings.scope_status, "token scope not allowed", origin="s2s-api-auth-catalog")
        if claims.account == SERVICE and claims.service != OUR_SERVICE:
            return problem(401, "token problem; token belongs to another service", origin="s2s-api-auth-catalog")
        if self.tokens.has_deleted_user(claims.sid):
            return problem(403, "access denied: the user who created the token was deleted")
        if (secret := headers.get("x-client-secret")) is not None and not self.tokens.knows_secret(secret):
            return problem(401, "service secret is invalid or expired", origin="s2s-api-auth-catalog")
        if claims.account == PERSONAL and "x-client-secret" not in headers:
            entry.flags.append("personal token used by a cloud service")
        if not self._allows(method, claims, headers):
            name = TYPES[claims.account].lower()
            return problem(403, f"{name} token is not allowed", code=f"{name} token is not allowed for this path")
        if method.writes and claims.may(READ_ONLY):
            return problem(403, "read-only token is not allowed", code="token is read only")
        return None

    def _allows(self, method: Method, claims: Claims, headers: dict[str, str]) -> bool:
        if claims.account in method.types:
            return True
        return claims.account == BASE and method.with_secret and "x-client-secret" in headers

    def _bucket(self, method: Method, claims: Claims, headers: dict[str, str]) -> Bucket:
        kind = WITH_SECRET if claims.account == BASE and "x-client-secret" in headers else TYPES[claims.account]
        return self.limits.bucket(claims.sid, kind, limit_of(method.host, method.verb, method.path))

    async def _counted(
        self,
        bucket: Bucket,
        entry: Entry,
        method: Method,
        seller: Seller,
        hits: dict[str, Fault],
        ask: Callable[[], Answer],
    ) -> Answer:
        moment = entry.at
        entry.allowed_at = bucket.allowed_at(moment)
        is_early = entry.allowed_at > moment and self.settings.enforces_limits
        if "429" in hits and not is_early:
            # A real refusal empties the bucket, so that the wait it names is the wait it means.
            bucket.take(moment, max(1, bucket.remaining(moment)))
        if is_early or "429" in hits:
            return refusal(bucket, seller.id, moment)
        bucket.take(moment)
        answer = instead(hits) or spoil(await asyncio.to_thread(ask), hits)
        costs_ten = limit_of(method.host, method.verb, method.path).costs_ten
        if costs_ten and 400 <= answer.status < 500:
            bucket.take(moment, COST_OF_REFUSAL - 1)
        answer.headers["X-Ratelimit-Remaining"] = str(bucket.remaining(moment))
        return answer

    def _ask(self, method: Method, seller: Seller, asked: dict[str, Any]) -> Answer:
        if len(asked["raw"]) > BODY_LIMIT:
            return problem(413, "request body too large")
        try:
            with self.sellers.visit(seller) as shop:
                return method.answer(
                    Call(shop=shop, moment=shop.at, settings=self.settings, seller=seller, tasks=self.tasks, **asked)
                )
        except Refused as refused:
            return refused.answer


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if len(body) <= BODY_LIMIT:
            body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _send(send: Send, answer: Answer, headers: dict[str, str], *, is_reset: bool) -> None:
    body, extra = answer.body, dict(answer.headers)
    if "gzip" in headers.get("accept-encoding", "") and len(body) > 1024:
        body = await asyncio.to_thread(gzip.compress, body, 1)
        extra["Content-Encoding"] = "gzip"
    if body or answer.status != 204:
        extra["Content-Type"] = answer.media
    extra["Content-Length"] = str(len(body))
    pairs = [(name.lower().encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    if is_reset:
        # Half of what was promised, then nothing: the server closes the connection.
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        raise ConnectionResetError("The simulator was asked to break this connection.")
    await send({"type": "http.response.body", "body": body})
