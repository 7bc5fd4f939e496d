import asyncio
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from letters import ALARM, RECEIPT, Order
from sqlalchemy import text

from verf.database import transaction
from verf.jobs import drain, shift
from verf.kit import advance
from verf.notifications import MailSent, lift_suppression, notify, recent_mails
from verf.notifications.delivering import deliver

TEA = Order(number=7, customer="Anna")


async def tell(person, notice=RECEIPT, data=TEA, key="7"):
    async with transaction() as session:
        return await notify(session, person.id, notice, data, key=key)


async def mails(**filters) -> list[MailSent]:
    async with transaction() as session:
        return await recent_mails(session, **filters)


async def wait(step: timedelta) -> None:
    advance(step)
    await shift(step)
    await drain()


async def test_a_mail_arrives_with_what_it_should_say(person, mailbox):
    anna = await person()
    await tell(anna)
    await drain()
    [mail] = mailbox.newest()
    assert mail.to == "anna@example.org"
    assert mail.subject == "Order 7 & thanks, Anna"
    assert "thank you for order 7" in mail.html
    assert "thank you for order 7" in mail.text
    [sent] = await mails()
    assert (sent.state, sent.address, sent.subject) == ("sent", anna.email, mail.subject)


async def test_headers_are_what_mail_programs_expect(person, mailbox):
    await tell(await person())
    await drain()
    raw = mailbox.source(mailbox.newest()[0].id)
    [sent] = await mails()
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Message-ID"] == f"<{sent.id}@verf.localhost>"
    assert message["From"] == "verf <no-reply@verf.localhost>"
    assert message["Date"]
    assert message["Content-Language"] == "en"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    [link] = [line for line in raw.splitlines() if line.startswith(b"List-Unsubscribe:")]
    assert link.startswith(b"List-Unsubscribe: <http://")
    assert link.endswith(b">")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(len(line) for line in head.splitlines()) < 998
    assert max(len(line) for line in body.splitlines()) <= 78


async def test_an_address_in_letters_of_its_own_language_is_written_to(person, mailbox):
    await tell(await person("почта@пример.рф"))
    await drain()
    assert [mail.to for mail in mailbox.newest()] == ["почта@пример.рф"]


async def test_a_mail_that_cannot_be_refused_has_no_way_out(person, mailbox):
    await tell(await person(), ALARM)
    await drain()
    [mail] = mailbox.newest()
    assert b"List-Unsubscribe" not in mailbox.source(mail.id)
    assert "unsubscribe" not in mail.html


async def test_each_person_is_written_to_in_their_language(person, mailbox):
    for email, locale in (("anna@example.org", "en"), ("boris@example.org", "ru")):
        await tell(await person(email, locale=locale), ALARM)
    await drain()
    subjects = {mail.to: mail.subject for mail in mailbox.newest()}
    assert subjects["anna@example.org"] == "Somebody else is in your account"
    assert subjects["boris@example.org"] == "В вашем аккаунте кто-то ещё"


async def test_asking_again_with_the_same_key_tells_nothing_twice(person, mailbox):
    anna, boris = await person(), await person("boris@example.org")
    await asyncio.gather(*(tell(anna) for _ in range(8)))
    await tell(boris)
    await tell(anna, key="8")
    await tell(anna, ALARM)
    await drain()
    assert sorted(mail.to for mail in mailbox.newest()) == ["anna@example.org"] * 3 + ["boris@example.org"]
    assert await tell(anna) is None


async def test_what_is_rolled_back_is_not_told(person, mailbox):
    anna = await person()
    with pytest.raises(ZeroDivisionError):
        async with transaction() as session:
            await notify(session, anna.id, RECEIPT, TEA, key="7")
            1 / 0  # noqa: B018
    await drain()
    assert mailbox.newest() == []
    assert await mails() == []


@pytest.mark.parametrize("mode", ["down", "greylist"])
async def test_while_the_mail_server_is_away_mail_waits_and_then_goes_once(person, mailbox, mode):
    mailbox.set_fault(mode, None)
    await tell(await person())
    await drain()
    for _ in range(3):
        await wait(timedelta(minutes=10))
    [waiting] = await mails()
    assert (waiting.state, waiting.attempts) == ("waiting", 4)
    assert waiting.last_error
    mailbox.set_fault(None, None)
    await wait(timedelta(hours=1))
    [sent] = await mails()
    assert sent.state == "sent"
    assert len(mailbox.newest()) == 1


async def test_mail_is_given_up_after_four_days(person, mailbox):
    mailbox.set_fault("down", None)
    await tell(await person())
    await drain()
    await wait(timedelta(days=5))
    [mail] = await mails()
    assert mail.state == "failed"
    mailbox.set_fault(None, None)
    await wait(timedelta(days=1))
    assert mailbox.newest() == []


async def test_an_address_that_does_not_exist_is_never_tried_again(person, mailbox):
    mailbox.set_fault("reject", 1)
    anna = await person()
    await tell(anna)
    await drain()
    await tell(anna, key="8")
    await tell(anna, ALARM)
    await wait(timedelta(days=1))
    assert [mail.state for mail in await mails()] == ["suppressed", "suppressed", "bounced"]
    assert mailbox.newest() == []
    async with transaction() as session:
        await lift_suppression(session, "ANNA@example.org")
    await tell(anna, key="9")
    await drain()
    assert len(mailbox.newest()) == 1


async def test_addresses_that_bounced_are_kept_only_as_hashes(person, mailbox):
    mailbox.set_fault("reject", 1)
    await tell(await person())
    await drain()
    async with transaction() as session:
        row = (await session.execute(text("SELECT s::text FROM notifications.suppressions s"))).scalar_one()
    assert "anna" not in row


async def test_a_sent_mail_is_not_sent_again_when_its_job_runs_again(person, mailbox):
    await tell(await person())
    await drain()
    [sent] = await mails()
    await deliver(sent.id)
    assert len(mailbox.newest()) == 1


async def test_a_person_who_is_gone_gets_nothing(person, mailbox):
    anna = await person()
    await tell(anna)
    async with transaction() as session:
        await session.execute(text("DELETE FROM identity.people"))
    await drain()
    assert mailbox.newest() == []
    assert [mail.state for mail in await mails()] == ["nobody"]


async def test_staff_find_mails_by_address_subject_and_state(person, mailbox):
    for number, email in enumerate(["anna@example.org", "boris@example.org", "clara@example.org"]):
        await tell(await person(email), data=Order(number=number, customer="X"))
    await drain()
    assert [mail.address for mail in await mails(search="boris")] == ["boris@example.org"]
    assert [mail.address for mail in await mails(search="order 2")] == ["clara@example.org"]
    assert await mails(state="bounced") == []
    first = (await mails(limit=1))[0]
    assert [mail.address for mail in await mails(before=first.id)] == ["boris@example.org", "anna@example.org"]
