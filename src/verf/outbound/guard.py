"""Resolve, check, dial the same address: a name that changes its mind in between gains nothing."""

import httpx

from verf.outbound.addresses import AddressRefused, Resolver, public_addresses

# No connection is kept: one opened for another name at the same address has verified that name, not this one.
CONNECTIONS = httpx.Limits(max_connections=50, max_keepalive_connections=0)
PORTS = {"http": 80, "https": 443}


class GuardedTransport(httpx.AsyncBaseTransport):
    def __init__(
        self, resolver: Resolver, *, allow_loopback: bool, inner: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.resolver = resolver
        self.allow_loopback = allow_loopback
        self.inner = inner or httpx.AsyncHTTPTransport(limits=CONNECTIONS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.scheme not in PORTS:
            raise AddressRefused("Only http and https addresses can be called.", request=request)
        if url.userinfo:
            raise AddressRefused("An address must not carry a name and password.", request=request)
        addresses = await public_addresses(
            url.host, url.port or PORTS[url.scheme], resolver=self.resolver, allow_loopback=self.allow_loopback
        )
        return await self._dial(request, addresses)

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def _dial(self, request: httpx.Request, addresses: list[str]) -> httpx.Response:
        # The Host header keeps the name; TLS greets and verifies it as well.
        extensions = {**request.extensions, "sni_hostname": request.url.host}
        unreachable: httpx.ConnectError | httpx.ConnectTimeout | None = None
        for address in addresses[:4]:
            dialled = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return await self.inner.handle_async_request(dialled)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                unreachable = error
        assert unreachable is not None
        raise unreachable
