"""Hand one mail to Resend over HTTP. Its idempotency key keeps a mail single for a day, whatever crashes here."""

from email.message import EmailMessage
from typing import Any

import httpx

from verf.notifications.answers import MailRefused, MailServerAway
from verf.notifications.settings import NotificationSettings
from verf.outbound import client
from verf.settings import load

UNPROCESSABLE = 422
PASSED_ON = ("List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID", "Auto-Submitted", "Content-Language")


async def send_by_resend(message: EmailMessage) -> None:
    settings = load(NotificationSettings)
    headers = {
        "Authorization": f"Bearer {settings.resend_key.get_secret_value()}",
        "Idempotency-Key": str(message["Message-ID"]).strip("<>"),
    }
    try:
        answer = await client("resend", settings.resend_url).post("/emails", json=_as_json(message), headers=headers)
    except httpx.HTTPError as error:
        raise MailServerAway(f"Resend did not take the mail: {error!r}") from error
    if answer.status_code == UNPROCESSABLE:
        raise MailRefused(f"422 {answer.text[:300]}")
    if not answer.is_success:  # limits, outages, a wrong key: ours to repair, so the mail waits
        raise MailServerAway(f"Resend asks to try again: {answer.status_code} {answer.text[:300]}")


def _as_json(message: EmailMessage) -> dict[str, Any]:
    content = {
        "from": str(message["From"]),
        "to": [str(message["To"])],
        "subject": str(message["Subject"]),
        "html": _body(message, "html"),
        "text": _body(message, "plain"),
        "headers": {name: str(message[name]) for name in PASSED_ON if name in message},
    }
    return {**content, "reply_to": str(message["Reply-To"])} if "Reply-To" in message else content


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""
