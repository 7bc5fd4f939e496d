"""A year in the sandbox: customers of four providers, two webhooks in a hundred lost, and not one cent astray.

Here it is a small one. The whole one, two hundred customers for twelve months, is `just year`.
"""

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID

from sqlalchemy import func, select, text
from staging import begin_at
from truth import untrue

from verf.billing import portrait
from verf.billing.changing import change_plan
from verf.billing.checkouts import Buyer, start_checkout
from verf.billing.ending import cancel, resume
from verf.billing.messages import ReconcileAll
from verf.billing.models import Finding
from verf.database import transaction
from verf.errors import VerfError
from verf.identity import Application, new_hash
from verf.jobs import drain, shift
from verf.kit import advance, new_id
from verf.organisations import memberships_of, settle

CUSTOMERS = int(os.environ.get("VERF_YEAR_CUSTOMERS", "12"))
DAYS = int(os.environ.get("VERF_YEAR_DAYS", "56"))
LOST = float(os.environ.get("VERF_YEAR_LOST", "0.02"))
SEED = os.environ.get("VERF_YEAR_SEED", "7")
STEP = timedelta(days=7)
WORKERS = 3
FIRST_DAY = datetime(2030, 1, 15, 9, tzinfo=UTC)
PROVIDERS = ("stripe", "paddle", "yookassa", "wata")
PLANS = ("starter", "pro", "enterprise")
# The nightly count looks back a week, so once a week is enough for a quick year.
LEFT_OUT = {"ForgetEvents"}


@dataclass
class Customer:
    number: int
    provider: str
    organisation: UUID
    person: UUID
    email: str
    joins: int
    is_in: bool = False
    card_fails: bool = False


class Town:
    """Customers who do what people do, by chance; the same seed is the same year."""

    def __init__(self, harbour, customers):
        self.harbour, self.dice = harbour, random.Random(SEED)
        self.deeds, self.customers = Counter(), customers
        self.prices = {}

    async def act(self, week):
        for who in self.customers:
            if who.joins > week:
                continue
            with suppress(VerfError):
                await self._act(who)

    async def _act(self, who):
        if not who.is_in or (who.provider == "wata" and self.dice.random() < 0.25):
            await self._buy(who)
        elif who.provider != "wata":
            deed = self.dice.random()
            if deed < 0.20 or who.card_fails:
                await self._change_something(who, deed)

    async def _change_something(self, who, deed):
        refs = (await portrait(who.organisation, since=FIRST_DAY)).refs
        buyer = Buyer(organisation=who.organisation, person=who.person, email=who.email)
        if who.card_fails:
            await self._card(who, refs, fails=self.dice.random() < 0.4)
        elif deed < 0.04:
            await self._card(who, refs, fails=True)
        elif deed < 0.08:
            await change_plan(buyer, "stock", await self._price(who), key=str(new_id()))
            self.deeds["plan changed"] += 1
        elif deed < 0.10:
            await cancel(who.organisation, "stock", when="period_end", reason="", by=who.person, key=str(new_id()))
            self.deeds["cancelled"] += 1
        elif deed < 0.12:
            await resume(who.organisation, "stock", by=who.person, key=str(new_id()))
            self.deeds["resumed"] += 1
        elif deed < 0.14 and refs["payment"]:
            await self._cabinet(who, f"payments/{refs['payment'][-1]}/refund", {"amount": 500})
        elif deed < 0.15 and refs["payment"]:
            await self._cabinet(who, f"payments/{refs['payment'][-1]}/refund", {})
        elif deed < 0.16 and refs["payment"] and who.provider in ("stripe", "paddle"):
            await self._cabinet(who, f"payments/{refs['payment'][-1]}/dispute", {})
        elif deed < 0.20:
            await self._buy(who)

    async def _buy(self, who):
        """Refused to who pays already."""
        buyer = Buyer(organisation=who.organisation, person=who.person, email=who.email)
        await start_checkout(buyer, await self._price(who), through=who.provider)
        ref = (await portrait(who.organisation, since=FIRST_DAY)).refs["checkout"][-1]
        how = "pay" if self.dice.random() < 0.9 else "decline"
        await self._cabinet(who, f"checkouts/{ref}/{how}", {})
        who.is_in = who.is_in or how == "pay"

    async def _card(self, who, refs, *, fails):
        who.card_fails = fails
        for ref in refs["method"]:
            await self._cabinet(who, f"methods/{ref}", {"outcome": "insufficient_funds" if fails else "pays"})

    async def _cabinet(self, who, path, body):
        answer = await self.harbour.sandbox.post(f"/sandbox/api/{who.provider}/{path}", json=body or None)
        if answer.is_success:
            self.deeds[path.rpartition("/")[2] if "methods" not in path else "card " + body["outcome"]] += 1

    async def _price(self, who):
        plan, currency = self.dice.choice(PLANS), "USD" if who.provider in ("stripe", "paddle") else "RUB"
        if (plan, currency) not in self.prices:
            self.prices[plan, currency] = await self.harbour.price(plan, currency=currency)
        return self.prices[plan, currency]


async def settlers():
    hashed, dice, found = await new_hash("grey tea in the harbour"), random.Random(SEED), []
    for number in range(CUSTOMERS):
        email = f"customer{number}@example.com"
        async with transaction(system="test makes a member") as session:
            application = Application(email=email, password_hash=hashed, name=f"Customer {number}")
            person = await settle(session, application, organisation=f"Company {number}")
            [membership] = await memberships_of(session, person.id)
        joins = dice.randrange(max(1, DAYS // 7 // 2))
        provider = PROVIDERS[number % len(PROVIDERS)]
        found.append(Customer(number, provider, membership.organisation, person.id, email, joins))
    return found


async def live(harbour, by):
    advance(by)
    await shift(by)
    await harbour.ring()
    await settled(harbour)


async def settled(harbour):
    """As the harbour does it, with several workers, and no mail carried out: there is no server to take it."""
    while True:
        async with transaction() as session:
            await session.execute(text("DELETE FROM jobs.queue WHERE entrypoint LIKE '%.deliver_mail'"))
        steps = sum([await simulator.tick() for simulator in harbour.simulators.values()])
        if not sum(await asyncio.gather(*(drain(errors="keep") for _worker in range(WORKERS)))) and not steps:
            return


async def test_after_a_year_of_lost_webhooks_nothing_is_astray(harbour):
    began = monotonic()
    begin_at(FIRST_DAY)
    harbour.schedules = [each for each in harbour.schedules if each.__name__ not in LEFT_OUT]
    town = Town(harbour, await settlers())
    for provider in PROVIDERS:
        kinds = ".paid" if provider == "wata" else ""
        await harbour.control(provider, "knobs", drop={"rate": LOST, "path": kinds}, seed=SEED)
    for week in range(DAYS // 7):
        await town.act(week)
        await settled(harbour)
        await live(harbour, STEP)
        print(f"week {week + 1}: {monotonic() - began:.0f} s", flush=True)  # noqa: T201
    for provider in PROVIDERS:
        await harbour.control(provider, "knobs", "DELETE")
    # The last week is counted, too, and what was found is put right.
    assert ReconcileAll in harbour.schedules
    for _rest in range(6):
        await live(harbour, timedelta(minutes=20))
    wrong = await untrue(harbour)
    await tell(harbour, town, monotonic() - began)
    assert wrong == []


async def tell(harbour, town, seconds):
    """For who runs the whole year: what it was like."""
    lost = 0
    for simulator in harbour.simulators.values():
        lost += len(simulator.outbox.deliveries(state="dropped", limit=100_000))
    sent = sum(len(each.outbox.deliveries(limit=100_000)) for each in harbour.simulators.values())
    async with transaction(system="test looks") as session:
        kinds = await session.execute(
            select(Finding.kind, Finding.state, func.count()).group_by(Finding.kind, Finding.state)
        )
        found = [tuple(each) for each in kinds]
        query = "SELECT provider, state, count(*), sum(amount) FROM billing.payments GROUP BY 1, 2 ORDER BY 1, 2"
        paid = [tuple(each) for each in await session.execute(text(query))]
        query = "SELECT count(*), count(distinct organisation_id) FROM billing.ledger_transactions"
        [ledger] = [tuple(each) for each in await session.execute(text(query))]
    print(f"{CUSTOMERS} customers, {DAYS} days in {seconds:.0f} s; {sent} webhooks, {lost} lost")  # noqa: T201
    print(f"deeds {dict(town.deeds)}\npayments {paid}\nfindings {found}\nledger {ledger}")  # noqa: T201
