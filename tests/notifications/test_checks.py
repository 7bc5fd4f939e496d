import pytest

from verf.notifications.checks import MailNotConfigured, mail_has_a_sender, mail_has_a_way_out
from verf.settings import load


@pytest.fixture
def settings(monkeypatch):
    def put(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"VERF_{name}", value)
        load.cache_clear()

    yield put
    load.cache_clear()


async def test_a_sandbox_needs_no_settings(settings):
    settings(MODE="sandbox")
    await mail_has_a_way_out()
    await mail_has_a_sender()


async def test_production_needs_a_mail_server_and_a_sender(settings):
    settings(MODE="production")
    with pytest.raises(MailNotConfigured, match="VERF_NOTIFICATIONS_SMTP_HOST"):
        await mail_has_a_way_out()
    with pytest.raises(MailNotConfigured, match="VERF_NOTIFICATIONS_SENDER"):
        await mail_has_a_sender()
    settings(NOTIFICATIONS_SMTP_HOST="mail.example.com", NOTIFICATIONS_SENDER="Shop <shop@example.com>")
    await mail_has_a_way_out()
    await mail_has_a_sender()


async def test_a_password_never_travels_in_the_open(settings):
    settings(MODE="production", NOTIFICATIONS_SMTP_HOST="mail.example.com", NOTIFICATIONS_SMTP_PASSWORD="s3cret")
    settings(NOTIFICATIONS_SMTP_SECURITY="none")
    with pytest.raises(MailNotConfigured, match="in the open"):
        await mail_has_a_way_out()
