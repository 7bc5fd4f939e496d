"""The way out of mails one does not want. The POST needs no cookie and no sign-in, so mail programs can send it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from verf.notifications.opting_out import resubscribe, subscription_of, unsubscribe
from verf.web import Transaction, page

router = APIRouter(include_in_schema=False)


@router.get("/unsubscribe/{token}")
async def ask(request: Request, token: str, session: Transaction) -> Response:
    return await _show(request, token, session)


@router.post("/unsubscribe/{token}")
async def stop(request: Request, token: str, session: Transaction) -> Response:
    await unsubscribe(session, token)
    return await _show(request, token, session)


@router.post("/unsubscribe/{token}/undo")
async def undo(request: Request, token: str, session: Transaction) -> Response:
    await resubscribe(session, token)
    return await _show(request, token, session)


async def _show(request: Request, token: str, session: Transaction) -> Response:
    subscription = await subscription_of(session, token)
    return await page(request, "notifications/unsubscribe.html", subscription=subscription, token=token)
