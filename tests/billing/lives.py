"""What tests of subscriptions' lives look at, and do, in the harbour."""

from datetime import timedelta
from typing import Any

from harbour import Harbour
from sqlalchemy import select, text

from verf.billing.checkouts import Buyer
from verf.billing.messages import AttendDue, CheckIntents, CheckRefunds, RemindDue, SweepEvents
from verf.billing.models import Payment, Subscription
from verf.database import transaction
from verf.kit import now
from verf.testing import Member

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# What moves the life of a subscription. The others watch over it, and have tests of their own.
CALENDAR = [AttendDue, RemindDue, CheckRefunds, CheckIntents, SweepEvents]


async def somebody(harbour: Harbour, name: str = "Anna") -> Member:
    """A member, in a house whose clock rings only what moves subscriptions."""
    harbour.schedules = list(CALENDAR)
    return await harbour.member(name)


async def rows(record: type[Any]) -> list[Any]:
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def paid_subscription() -> Subscription:
    """The only one that money was paid for, or promised."""
    [row] = [each for each in await rows(Subscription) if each.provider != "house"]
    return row


async def payments(*states: str) -> list[tuple[str, str]]:
    return [(each.kind, each.state) for each in await rows(Payment) if not states or each.state in states]


async def mails(*names: str) -> list[str]:
    """What was said to owners, in order; receipts only when asked for."""
    async with transaction(system="test looks") as session:
        found = await session.execute(text("SELECT notice FROM notifications.notifications ORDER BY id"))
        return [notice for (notice,) in found if (notice in names if names else notice != "payment_receipt")]


async def methods_come_to(harbour: Harbour, outcome: str) -> None:
    """What saved methods come to at later charges, from now on."""
    for method in (await harbour.truth("yookassa"))["methods"]:
        await harbour.control("yookassa", f"methods/{method['id']}", outcome=outcome)


async def live_until_due(harbour: Harbour, *, before: timedelta = HOUR) -> Subscription:
    """To the last moment before the period ends."""
    row = await paid_subscription()
    await harbour.live(row.period_end - now() - before, step=10 * DAY)
    return await paid_subscription()


def buyer(member: Member) -> Buyer:
    return Buyer(organisation=member.organisation, person=member.person, email=member.email)


async def charged(harbour: Harbour, provider: str = "yookassa") -> list[str]:
    """Payments that went through at the provider, whatever we know of them."""
    truth = await harbour.truth(provider)
    return [each["id"] for each in truth["payments"] if each["status"] in ("succeeded", "Paid")]
