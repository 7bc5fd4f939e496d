import re
from uuid import UUID

from sqlalchemy import text

from verf.database import transaction
from verf.identity import Application, EmailVerificationRequested, PasswordResetRequested, SessionStolen, register
from verf.jobs import announce, drain
from verf.kit import new_id


async def sign_up(locale: str = "en") -> None:
    async with transaction() as session:
        application = Application(email="anna@example.org", password_hash="x", name="Anna", locale=locale)
        assert await register(session, application)


def link_in(mail) -> str:
    return re.search(r"https?://\S+token=[\w-]+", mail.text).group()


async def everything_kept() -> str:
    query = text("SELECT (SELECT json_agg(n)::text FROM notifications.notifications n)")
    async with transaction() as session:
        return str(await session.scalar(query))


async def test_who_signs_up_is_asked_to_confirm(database, mailbox):
    await sign_up()
    await drain()
    [mail] = mailbox.newest()
    assert mail.to == "anna@example.org"
    assert "/verify?token=" in link_in(mail)


async def test_the_link_is_only_in_the_mail(database, mailbox):
    await sign_up()
    await drain()
    token = link_in(mailbox.newest()[0]).partition("token=")[2]
    assert token not in await everything_kept()


async def test_signing_up_again_reminds_of_the_account(person, mailbox):
    await person()
    async with transaction() as session:
        assert await register(session, Application(email="anna@example.org", password_hash="y")) is None
    await drain()
    assert "/reset-password?token=" in link_in(mailbox.newest()[0])


async def test_a_fact_heard_twice_is_one_mail(person, mailbox):
    anna, token = await person(), new_id()
    for _ in range(2):
        async with transaction() as session:
            await announce(session, PasswordResetRequested(anna.id, token))
    await drain()
    assert len(mailbox.newest()) == 1


async def test_a_stolen_session_is_told_and_cannot_be_switched_off(person, mailbox):
    anna = await person()
    async with transaction() as session:
        await announce(session, SessionStolen(anna.id, UUID(int=1)))
    await drain()
    [mail] = mailbox.newest()
    assert "/account/sessions" in mail.text
    assert b"List-Unsubscribe" not in mailbox.source(mail.id)


async def test_each_new_link_is_a_new_mail(person, mailbox):
    anna = await person()
    for _ in range(2):
        async with transaction() as session:
            await announce(session, EmailVerificationRequested(anna.id, new_id()))
    await drain()
    assert len(mailbox.newest()) == 2
