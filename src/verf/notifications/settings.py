from typing import Literal

from pydantic import Field, SecretStr

from verf.settings import Section


class NotificationSettings(Section, env_prefix="VERF_NOTIFICATIONS_"):
    """How mail leaves the house: by `smtp_host`, else by Resend with its key. A sandbox keeps all of it."""

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    resend_key: SecretStr = SecretStr("")
    resend_url: str = "https://api.resend.com"
    sender: str = "verf <no-reply@verf.localhost>"
    reply_to: str = ""
