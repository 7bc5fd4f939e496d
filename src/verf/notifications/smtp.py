"""Hand one mail to a mail server, and say in two words what became of it."""

from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

import aiosmtplib

from verf.notifications.answers import MailRefused, MailServerAway
from verf.notifications.settings import NotificationSettings
from verf.sandbox import smtp_address
from verf.settings import House, load

TIMEOUT_SECONDS = 20
FOR_GOOD = 500
# Python would fold a long unsubscribe link and write it as an encoded word, which no mail program can follow.
UNFOLDED = SMTP.clone(max_line_length=998)
UNFOLDED_BEYOND_ASCII = SMTPUTF8.clone(max_line_length=998)
_override: tuple[str, int] | None = None


def use_smtp(host: str, port: int) -> None:
    """Send through this plain server instead of the configured one; for sandboxes and tests."""
    global _override
    _override = (host, port)


def forget_smtp() -> None:
    """Back to the configured server: one that is gone may have left its port to somebody else."""
    global _override
    _override = None


async def send_by_smtp(message: EmailMessage) -> None:
    """Only a refusal of the recipient or of the mail itself is for good; all else is our trouble, and passes."""
    try:
        async with _server() as server:
            await _hand_over(server, message)
    except aiosmtplib.SMTPRecipientsRefused as error:
        first = error.recipients[0]
        raise _verdict(first, address=str(message["To"])) from error
    except aiosmtplib.SMTPDataError as error:
        raise _verdict(error) from error
    except aiosmtplib.SMTPNotSupported as error:
        raise MailRefused(f"The mail server cannot write to this address: {error}") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailServerAway(f"The mail server did not take the mail: {error}") from error


async def _hand_over(server: aiosmtplib.SMTP, message: EmailMessage) -> None:
    sender, recipient = (message[name].addresses[0].addr_spec for name in ("From", "To"))
    beyond_ascii = not f"{sender}{recipient}".isascii()
    options = ["SMTPUTF8", "BODY=8BITMIME"] if beyond_ascii else []
    if beyond_ascii:
        await server.ehlo()
        if not server.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported("the server speaks no SMTPUTF8")
    raw = message.as_bytes(policy=UNFOLDED_BEYOND_ASCII if beyond_ascii else UNFOLDED)
    await server.sendmail(sender, [recipient], raw, mail_options=options)


def _verdict(answer: aiosmtplib.SMTPResponseException, address: str = "") -> Exception:
    if answer.code >= FOR_GOOD:
        return MailRefused(f"{answer.code} {answer.message}", address)
    return MailServerAway(f"The mail server asks to try again: {answer.code} {answer.message}")


def _server() -> aiosmtplib.SMTP:
    settings, house = load(NotificationSettings), load(House)
    # Looked up for each mail: the sandbox may have come back on another port. It never sends real mail.
    plain = _override or (smtp_address(house.data / "sandbox") if house.is_sandbox else None)
    if plain:
        host, port = plain
        return aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, timeout=TIMEOUT_SECONDS)
    if house.is_sandbox:
        raise MailServerAway("The sandbox's mail server is not running.")
    if not settings.smtp_host:
        raise MailServerAway("No mail server is configured; set VERF_NOTIFICATIONS_SMTP_HOST.")
    return aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user or None,
        password=settings.smtp_password.get_secret_value() or None,
        use_tls=settings.smtp_security == "tls",
        start_tls=settings.smtp_security == "starttls",
        timeout=TIMEOUT_SECONDS,
    )
