"""The front door of all hosts: finds the method, checks the token, counts the request, asks the section."""

import asyncio
import gzip
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from stock.simulators.wildberries.answers import Answer, Refused, problem
from stock.simulators.wildberries.calls import Call, Entry, Method, Settings
from stock.simulators.wildberries.faults import Fault, Faults, instead, spoil
from stock.simulators.wildberries.limits import (
    COST_OF_REFUSAL,
    TYPES,
    WITH_SECRET,
    Bucket,
    Limit,
    Limits,
    limit_of,
    refusal,
)
from stock.simulators.wildberries.moments import moment_of
from stock.simulators.wildberries.sellers import NOWHERE, Seller, Sellers
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
AUTHORISATION = "s2s-api-auth-catalog"
SECRET = "x-client-secret"  # noqa: S105 - the name of a header


@dataclass(frozen=True, slots=True)
class Letter:
    """A request whose sender is known."""

    entry: Entry
    method: Method
    seller: Seller
    claims: Claims
    headers: dict[str, str]
    path: dict[str, str]
    query: str
    raw: bytes
    hits: dict[str, Fault]


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
        self._hosts = {method.host for method in methods}
        # Long work leaves the event loop alone, and leaves the default threads to others.
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="wildberries")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        raw = await _read(receive)
        host, path = self._address(scope)
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        moment = moment_of(now())
        entry = Entry("", host, scope["method"], path, 0, moment, moment, "")
        self.log.append(entry)
        opened = self._open(entry, headers, scope["query_string"].decode(), raw)
        hits = opened.hits if isinstance(opened, Letter) else {}
        answer = await self._answer(opened) if isinstance(opened, Letter) else opened
        entry.status = answer.status
        if "slow" in hits:
            await asyncio.sleep(hits["slow"].seconds)
        await _send(send, answer, headers, is_reset="reset" in hits)

    def _address(self, scope: Scope) -> tuple[str, str]:
        """The host by its own name, or as the first part of the path: /content-api/content/v2/…"""
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        named = dict(scope["headers"]).get(b"host", b"").decode().split(".wildberries.ru")[0]
        if named in self._hosts:
            return named, path
        host, _, rest = path.lstrip("/").partition("/")
        return host, "/" + rest

    def _open(self, entry: Entry, headers: dict[str, str], query: str, raw: bytes) -> Letter | Answer:
        """Who asks for what; or why nobody listens."""
        found = self._find(entry)
        if found is None:
            return problem(404, NOT_FOUND)
        try:
            claims = self.tokens.check(headers.get("authorization", ""))
        except TokenProblem as why:
            return problem(401, str(why), origin=AUTHORISATION)
        seller = self.sellers.get(claims.sid)
        if seller is None:
            return problem(401, "token problem; unknown seller", origin=AUTHORISATION)
        entry.seller, entry.kind = seller.id, TYPES[claims.account].lower()
        hits = self.faults.strike(seller.id, entry.path)
        return Letter(entry, found[0], seller, claims, headers, found[1], query, raw, hits)

    def _find(self, entry: Entry) -> tuple[Method, dict[str, str]] | None:
        for method in self._methods:
            path = method.match(entry.host, entry.method, entry.path)
            if path is not None:
                return method, path
        return None

    async def _answer(self, letter: Letter) -> Answer:
        refused = self._unwelcome(letter) or self._forbidden(letter)
        if refused is not None:
            return refused
        moment, hits, bucket = letter.entry.at, letter.hits, self._bucket(letter)
        letter.entry.allowed_at = bucket.allowed_at(moment)
        is_early = letter.entry.allowed_at > moment and self.settings.enforces_limits
        if "429" in hits and not is_early:
            # A real refusal empties the bucket, so that the wait it names is the wait it means.
            bucket.take(moment, max(1, bucket.remaining(moment)))
        if is_early or "429" in hits:
            return refusal(bucket, letter.seller.id, moment)
        bucket.take(moment)
        answer = instead(hits) or spoil(await self._in_thread(lambda: self._ask(letter)), hits)
        if self._limit(letter.method).costs_ten and 400 <= answer.status < 500:
            bucket.take(moment, COST_OF_REFUSAL - 1)
        answer.headers["X-Ratelimit-Remaining"] = str(bucket.remaining(moment))
        return answer

    def _unwelcome(self, letter: Letter) -> Answer | None:
        """The token is real and still opens nothing here."""
        claims, scope, secret = letter.claims, letter.method.scope, letter.headers.get(SECRET)
        if claims.account == TEST or (scope is not None and not claims.may(scope)):
            return problem(self.settings.scope_status, "token scope not allowed", origin=AUTHORISATION)
        if claims.account == SERVICE and claims.service != OUR_SERVICE:
            return problem(401, "token problem; token belongs to another service", origin=AUTHORISATION)
        if secret is not None and not self.tokens.knows_secret(secret):
            return problem(401, "service secret is invalid or expired", origin=AUTHORISATION)
        if claims.account == PERSONAL and secret is None:
            letter.entry.flags.append("personal token used by a cloud service")
        return None

    def _forbidden(self, letter: Letter) -> Answer | None:
        claims, method = letter.claims, letter.method
        if self.tokens.has_deleted_user(claims.sid):
            return problem(403, "access denied: the user who created the token was deleted")
        has_secret = claims.account == BASE and method.with_secret and SECRET in letter.headers
        if claims.account not in method.types and not has_secret:
            name = TYPES[claims.account].lower()
            return problem(403, f"{name} token is not allowed", code=f"{name} token is not allowed for this path")
        if method.writes and claims.may(READ_ONLY):
            return problem(403, "read-only token is not allowed", code="token is read only")
        return None

    def _bucket(self, letter: Letter) -> Bucket:
        account = letter.claims.account
        kind = WITH_SECRET if account == BASE and SECRET in letter.headers else TYPES[account]
        return self.limits.bucket(letter.claims.sid, kind, self._limit(letter.method))

    def _limit(self, method: Method) -> Limit:
        return limit_of(method.host, method.verb, method.path)

    async def _in_thread(self, ask: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)

    def _ask(self, letter: Letter) -> Answer:
        if len(letter.raw) > BODY_LIMIT:
            return problem(413, "request body too large")
        try:
            if not letter.method.needs_world:
                return letter.method.answer(self._call(letter, NOWHERE, self.sellers.moment()))
            with self.sellers.visit(letter.seller) as shop:
                return letter.method.answer(self._call(letter, shop, shop.at))
        except Refused as refused:
            return refused.answer

    def _call(self, letter: Letter, shop: Shop, moment: int) -> Call:
        return Call(
            shop=shop,
            moment=moment,
            claims=letter.claims,
            settings=self.settings,
            seller=letter.seller,
            sellers=self.sellers,
            tasks=self.tasks,
            hits=letter.hits,
            path=letter.path,
            query=dict(parse_qsl(letter.query, keep_blank_values=True)),
            raw=letter.raw,
        )


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
