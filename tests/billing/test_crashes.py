"""Killed anywhere between "written down" and "done", a life ends as if nothing had been."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import uvicorn
from dying import Dying
from lives import charged, paid_subscription, payments, rows, somebody
from pydantic import TypeAdapter
from sqlalchemy import text, update

from verf.billing.collecting import collect
from verf.billing.messages import Collect, SendRefund
from verf.billing.models import Grant, Payment, Refund, Subscription
from verf.billing.providers import registry
from verf.billing.providers.pictures import Subject
from verf.billing.refunds import refund, send_refund
from verf.billing.renewals import attend
from verf.database import transaction
from verf.jobs import shift
from verf.kit import Money, advance, new_id, now

MOMENT = timedelta(seconds=1)
# A life for each fifth moment, so that this stays short; 1 tries them all.
STRIDE = 5
HERE = Path(__file__).parent
WAITING = "SELECT payload FROM jobs.queue WHERE entrypoint LIKE :name"


async def waiting(name, message):
    """The message of the job that waits for a worker."""
    async with transaction(system="test looks") as session:
        [payload] = await session.scalars(text(WAITING), {"name": f"%.{name}"})
        return TypeAdapter(message).validate_json(payload)


async def until(condition):
    """A worker of another process is waited for."""
    async with asyncio.timeout(45):
        while not await condition():  # noqa: ASYNC110 - the condition lies in the database
            await asyncio.sleep(0.05)


async def pass_time(until):
    by = until - now() + MOMENT
    advance(by)
    await shift(by)


async def test_killed_at_any_moment_of_a_charge_it_is_charged_once(harbour):
    await harbour.buy(await somebody(harbour), "pro", provider="yookassa")
    for moment in count(1, STRIDE):
        row = await paid_subscription()
        await pass_time(row.period_end)
        async with transaction(organisation=row.organisation_id) as session:
            await attend(session, row.id)
        dying = Dying(collect(await waiting("collect_payment", Collect)), at=moment)
        await dying
        await harbour.settle()
        renewed = await paid_subscription()
        assert (renewed.state, renewed.period_start) == ("active", row.period_end), moment
        if not dying.has_died:
            break
    assert moment > 20
    rounds = moment // STRIDE + 1
    assert await payments() == [("initial", "paid"), *[("renewal", "paid")] * rounds]
    assert len(await charged(harbour)) == rounds + 1
    grants = [grant for grant in await rows(Grant) if grant.source == "payment"]
    assert [grant.starts_at for grant in grants[1:]] == [grant.ends_at for grant in grants[:-1]]


async def test_killed_at_any_moment_of_its_decision_a_charge_is_decided_once(harbour):
    await harbour.buy(await somebody(harbour), "pro", provider="yookassa")

    async def decide(row):
        async with transaction(organisation=row.organisation_id) as session:
            await attend(session, row.id)

    for moment in count(1, STRIDE):
        row = await paid_subscription()
        await pass_time(row.period_end)
        dying = Dying(decide(row), at=moment)
        await dying
        await decide(row)
        await harbour.settle()
        if not dying.has_died:
            break
    assert moment > 10
    rounds = moment // STRIDE + 1
    assert len(await charged(harbour)) == rounds + 1
    assert await payments() == [("initial", "paid"), *[("renewal", "paid")] * rounds]


async def test_killed_at_any_moment_of_a_refund_it_is_given_back_once(harbour):
    await harbour.buy(await somebody(harbour), "pro", provider="yookassa")
    [paid] = await rows(Payment)
    for rounds, moment in enumerate(count(1, STRIDE), 1):
        part = Money(100 + rounds, "RUB")
        asked = await refund(paid.organisation_id, paid.id, part, by=new_id(), because="test", key=f"{rounds}")
        message = await waiting("send_one_refund", SendRefund)
        assert message.refund == asked.id
        dying = Dying(send_refund(message.organisation, message.refund), at=moment)
        await dying
        await harbour.settle()
        if not dying.has_died:
            break
    assert moment > 20
    given = [100 + each for each in range(1, rounds + 1)]
    assert sorted(row.amount for row in await rows(Refund) if row.state == "done") == given
    picture = await registry.provider("yookassa").fetch(Subject("payment", paid.ref))
    assert sorted(each.money.minor_units for each in picture.payments[0].refunds) == given
    [row] = await rows(Payment)
    assert row.refunded == sum(given)


@asynccontextmanager
async def street_with(harbour, port, has_charged):
    """The simulated providers at a real address; `has_charged` is called when money has moved, before the answer."""

    async def street(scope, receive, send):
        async def send_later(message):
            if scope["method"] == "POST" and scope["path"].endswith("/v3/payments"):
                has_charged()
            await send(message)

        await harbour.street(scope, receive, send_later)

    server = uvicorn.Server(uvicorn.Config(street, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: asyncio.sleep(0, server.started))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@contextmanager
def worker_apart(database, port):
    url = database.server.url(database.name).render_as_string(hide_password=False)
    environment = {**os.environ, "VERF_PORT": str(port)}
    process = subprocess.Popen([sys.executable, str(HERE / "worker_apart.py"), url], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_worker_killed_after_the_charge_and_before_its_answer_charges_once(harbour, database):
    await harbour.buy(await somebody(harbour), "pro", provider="yookassa")
    row = await paid_subscription()
    async with transaction(system="test makes it due") as session:
        due = update(Subscription).where(Subscription.id == row.id)
        await session.execute(due.values(period_end=now(), next_charge_at=now()))
    async with transaction(organisation=row.organisation_id) as session:
        await attend(session, row.id)
    workers, killed = [], []

    def has_charged():
        if not killed:
            workers[0].send_signal(signal.SIGKILL)
            killed.append(True)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with street_with(harbour, port, has_charged):
        with worker_apart(database, port) as worker:
            workers.append(worker)
            assert await asyncio.to_thread(worker.wait, 60) == -signal.SIGKILL
        assert len(await charged(harbour)) == 2
        assert await payments() == [("initial", "paid"), ("renewal", "pending")]
        with worker_apart(database, port):

            async def is_settled():
                return await payments() == [("initial", "paid"), ("renewal", "paid")]

            await until(is_settled)
    assert len(await charged(harbour)) == 2
    assert (await paid_subscription()).state == "active"
