"""A wire that garbles what comes back over it; what a simulator's own knobs cannot do to a well-made answer."""

import httpx

PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>"


class Bad(httpx.AsyncBaseTransport):
    """`mode`: "html" (a proxy's page with 200), "cut" (half of the answer), "503" (a proxy's page, nothing done),
    "array" and "empty" (JSON, and not an answer)."""

    def __init__(self, inside: httpx.AsyncBaseTransport) -> None:
        self._inside = inside
        self.mode = ""
        self.methods: set[str] = set()
        self.calls: list[str] = []

    def reset(self) -> None:
        self.mode = ""
        self.methods = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        if not self.mode or (self.methods and request.method not in self.methods):
            return await self._inside.handle_async_request(request)
        if self.mode == "503":
            return httpx.Response(503, content=PAGE, headers={"content-type": "text/html"})
        if self.mode in {"array", "empty"}:
            return httpx.Response(200, content=b"[]" if self.mode == "array" else b"")
        response = await self._inside.handle_async_request(request)
        body = await response.aread()
        if self.mode == "html":
            return httpx.Response(200, content=PAGE, headers={"content-type": "text/html"})
        return httpx.Response(
            response.status_code, content=body[: len(body) // 2], headers={"content-type": "application/json"}
        )
