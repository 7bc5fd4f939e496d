"""The mailbox and the mail faults over HTTP, stable for outside scripts."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from verf.sandbox.mailbox import Mail, Mailbox
from verf.sandbox.message import read_message


class MailSummary(BaseModel):
    id: str
    to: str
    subject: str
    text: str
    html: str
    at: str


class MailFault(BaseModel):
    """`reject`: 550 to each recipient; `greylist`: 451; `down`: hangs up; `slow`: three seconds a mail; null: well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mode": "greylist", "count": 2}]}, extra="forbid")

    mode: Literal["reject", "greylist", "down", "slow"] | None
    count: int | None = Field(default=None, ge=1, description="How many times; without it until told otherwise.")


def mail_api(mailbox: Mailbox) -> APIRouter:
    router = APIRouter(prefix="/api/mail", tags=["mail"])

    @router.get("", summary="Mails received, newest first")
    async def mails(
        to: Annotated[str, Query(description="Only mails to this address.")] = "",
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> list[MailSummary]:
        return [_summary(mail) for mail in await asyncio.to_thread(mailbox.newest, to=to, limit=limit)]

    @router.delete("", summary="Empty the mailbox", status_code=204)
    async def clear() -> None:
        await asyncio.to_thread(mailbox.clear)

    @router.get("/faults", summary="The mail fault in force")
    async def fault() -> MailFault:
        return await _fault(mailbox)

    @router.post("/faults", summary="Make the mail server misbehave")
    async def misbehave(wish: MailFault) -> MailFault:
        await asyncio.to_thread(mailbox.set_fault, wish.mode, wish.count)
        return await _fault(mailbox)

    @router.get("/{mail}", summary="One mail with its headers, links and attachments")
    async def mail(mail: str) -> dict[str, Any]:
        found = await asyncio.to_thread(mailbox.get, mail)
        message = read_message(await asyncio.to_thread(mailbox.source, mail))
        return {
            **_summary(found).model_dump(),
            "from": found.sender,
            "recipients": found.recipients,
            "headers": [{"name": name, "value": value} for name, value in message.headers],
            "attachments": [asdict(attachment) for attachment in message.attachments],
            "links": message.links,
        }

    @router.get("/{mail}/source", summary="One mail as it came over the wire")
    async def source(mail: str) -> Response:
        raw = await asyncio.to_thread(mailbox.source, mail)
        return Response(
            raw, media_type="message/rfc822", headers={"Content-Disposition": 'attachment; filename="mail.eml"'}
        )

    return router


async def _fault(mailbox: Mailbox) -> MailFault:
    fault = await asyncio.to_thread(mailbox.fault)
    return MailFault(mode=fault.mode, count=fault.remaining) if fault else MailFault(mode=None)


def _summary(mail: Mail) -> MailSummary:
    return MailSummary(id=mail.id, to=mail.to, subject=mail.subject, text=mail.text, html=mail.html, at=mail.at)
