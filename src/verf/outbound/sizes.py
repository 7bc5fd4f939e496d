"""No answer may be larger than we are ready to hold."""

from collections.abc import AsyncIterator
from typing import cast

import httpx


class ResponseTooLarge(httpx.TransportError):
    """The service answered with more than this client takes."""


async def within(
    response: httpx.Response, request: httpx.Request, largest: int, *, allow_encoded: bool
) -> httpx.Response:
    """The same response, which raises when its body outgrows `largest`, counted as bytes come over the wire.

    Compressed answers are refused where the sender is a stranger: a small one could unpack to a huge one.
    """
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > largest and request.method != "HEAD":
        await response.aclose()
        raise ResponseTooLarge(f"{announced} bytes announced, at most {largest} are taken.", request=request)
    if not allow_encoded and response.headers.get("content-encoding", "identity") != "identity":
        await response.aclose()
        raise ResponseTooLarge("The answer is compressed although we asked for plain bytes.", request=request)
    response.stream = _Counted(cast(httpx.AsyncByteStream, response.stream), request, largest)
    return response


class _Counted(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, request: httpx.Request, largest: int) -> None:
        self.inner = inner
        self.request = request
        self.largest = largest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self.inner:
            seen += len(chunk)
            if seen > self.largest:
                raise ResponseTooLarge(f"The answer is longer than {self.largest} bytes.", request=self.request)
            yield chunk

    async def aclose(self) -> None:
        await self.inner.aclose()
