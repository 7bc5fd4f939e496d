"""The one seam where mail leaves: by the mail server that is configured, by Resend, or into the sandbox."""

import asyncio
from email.message import EmailMessage

from verf.notifications.resend import send_by_resend
from verf.notifications.settings import NotificationSettings
from verf.notifications.smtp import send_by_smtp
from verf.settings import House, load

# Mail servers count connections; more of them do not make one faster.
AT_ONCE = 10
_lines = asyncio.Semaphore(AT_ONCE)


async def send(message: EmailMessage) -> None:
    settings = load(NotificationSettings)
    by_resend = settings.resend_key.get_secret_value() and not settings.smtp_host and not load(House).is_sandbox
    async with _lines:
        await (send_by_resend if by_resend else send_by_smtp)(message)
