"""What usage asks of the worker: mails about how much is left, once a window, and the end of forgotten holds."""

from datetime import timedelta

import pytest
from counting import Counter
from sqlalchemy import select

from verf.billing.manifest import room as billing
from verf.billing.messages import ExpireHolds, ForgetUsage
from verf.billing.models import UsageEvent, UsageHold, UsageWindow
from verf.database import transaction
from verf.identity.manifest import room as identity
from verf.jobs import drain, enqueue
from verf.kit import advance
from verf.notifications import configure, forget_smtp, use_smtp
from verf.notifications.manifest import room as notifications
from verf.sandbox import Mailbox, SmtpServer
from verf.web import configure as configure_pages
from verf.web.manifest import room as web

ROOMS = [web, identity, notifications, billing]


@pytest.fixture
async def mailbox(tmp_path):
    configure_pages(ROOMS)
    configure(ROOMS)
    async with SmtpServer(tmp_path, port=0) as server:
        use_smtp(server.host, server.port)
        yield Mailbox(tmp_path)
        forget_smtp()


async def subjects(mailbox: Mailbox) -> list[str]:
    await drain()
    return sorted(mail.subject for mail in mailbox.newest())


async def test_one_mail_at_eighty_per_cent_and_one_when_all_is_used(counter: Counter, mailbox):
    await counter.consume("calls", 8)
    assert await subjects(mailbox) == ["Calls a month: 80% used"]
    await counter.consume("calls", 1)
    assert len(await subjects(mailbox)) == 1
    await counter.consume("calls", 1)
    assert await subjects(mailbox) == ["Calls a month: 80% used", "Calls a month: all used"]
    await counter.consume("calls", 1, quietly=True)
    assert len(await subjects(mailbox)) == 2


async def test_a_schedule_frees_what_was_held_for_too_long(counter: Counter):
    await counter.hold("calls", 6, key="a", patience=timedelta(minutes=5))
    advance(timedelta(minutes=6))
    async with transaction(system="test asks for a sweep") as session:
        await enqueue(session, ExpireHolds())
    await drain()
    assert await counter.used("calls") == (0, 0)


async def test_single_events_of_long_ago_are_forgotten_and_their_sum_stays(counter: Counter):
    await counter.consume("calls", 3)
    await counter.hold("calls", 2, key="a")
    await counter.settle("calls", 2, key="a")
    advance(timedelta(days=130))
    await counter.consume("calls", 1)
    async with transaction(system="test asks to forget") as session:
        await enqueue(session, ForgetUsage())
    await drain()
    async with transaction(system="test looks") as session:
        assert [event.amount for event in await session.scalars(select(UsageEvent))] == [1]
        assert list(await session.scalars(select(UsageHold))) == []
        assert sorted(await session.scalars(select(UsageWindow.used))) == [1, 5]
    assert await counter.wrong() == []
