from datetime import timedelta

import httpx
import pytest
from letters import RECEIPT, Order

from verf.database import transaction
from verf.jobs import drain, shift
from verf.notifications import notify, recent_mails
from verf.outbound import use_transport
from verf.settings import load


class Resend:
    """Behaves like its HTTP API: one mail per idempotency key, refusals and limits by status."""

    def __init__(self) -> None:
        self.status = 200
        self.mails: dict[str, dict] = {}

    async def __call__(self, scope, receive, send) -> None:
        request = httpx.Request(scope["method"], "http://resend" + scope["path"], headers=scope["headers"])
        body = (await receive())["body"]
        status = self.status if request.headers["Authorization"] == "Bearer re_key" else 401
        if status == 200 and request.url.path == "/emails":
            self.mails[request.headers["Idempotency-Key"]] = httpx.Response(200, content=body).json()
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": b'{"id": "1"}'})


@pytest.fixture
def resend(monkeypatch):
    monkeypatch.setenv("VERF_MODE", "production")
    monkeypatch.setenv("VERF_SECRET_KEY", "0f9c1b7a5e3d8642a1b2c3d4e5f60718293a4b5c")
    monkeypatch.setenv("VERF_NOTIFICATIONS_RESEND_KEY", "re_key")
    load.cache_clear()
    service = Resend()
    with use_transport("resend", httpx.ASGITransport(service)):
        yield service
    load.cache_clear()


async def tell(person) -> None:
    async with transaction() as session:
        await notify(session, person.id, RECEIPT, Order(7, "Анна"), key="7")
    await drain()


async def states() -> list[str]:
    async with transaction() as session:
        return [mail.state for mail in await recent_mails(session)]


async def test_a_mail_goes_out_by_http(person, resend):
    await tell(await person())
    [(key, mail)] = resend.mails.items()
    assert key.endswith("@verf.localhost")
    assert (mail["from"], mail["to"]) == ("verf <no-reply@verf.localhost>", ["anna@example.org"])
    assert mail["subject"] == "Order 7 & thanks, Анна"
    assert "Анна" in mail["html"]
    assert "Анна" in mail["text"]
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert await states() == ["sent"]


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_trouble_that_passes_is_waited_for(person, resend, status):
    resend.status = status
    await tell(await person())
    assert await states() == ["waiting"]
    resend.status = 200
    await shift(timedelta(minutes=1))
    await drain()
    assert await states() == ["sent"]
    assert len(resend.mails) == 1


async def test_a_mail_that_resend_will_not_take_has_bounced(person, resend):
    resend.status = 422
    await tell(await person())
    assert await states() == ["bounced"]
