"""Claims about mail that must hold before people depend on it. They call nobody: mail servers may be away."""

from email.utils import parseaddr

from verf.errors import Unavailable
from verf.notifications.settings import NotificationSettings
from verf.settings import House, load


class MailNotConfigured(Unavailable):
    """People would wait for mails that never leave the house."""


async def mail_has_a_way_out() -> None:
    settings = load(NotificationSettings)
    if load(House).is_sandbox:
        return
    if not settings.smtp_host and not settings.resend_key.get_secret_value():
        raise MailNotConfigured(
            "No mail server is configured; set VERF_NOTIFICATIONS_SMTP_HOST or VERF_NOTIFICATIONS_RESEND_KEY."
        )
    if settings.smtp_security == "none" and settings.smtp_password.get_secret_value():
        raise MailNotConfigured("The password of the mail server would travel in the open; use starttls or tls.")


async def mail_has_a_sender() -> None:
    _, sender = parseaddr(load(NotificationSettings).sender)
    domain = sender.partition("@")[2]
    if not load(House).is_sandbox and (not domain or domain.endswith(".localhost")):
        raise MailNotConfigured("Mails need a sender at a domain of yours; set VERF_NOTIFICATIONS_SENDER.")
