"""Customers on a stage: what they do goes through the API and the simulated providers' hands, as from outside."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import httpx

from verf.billing import begin_trial, portrait
from verf.cli.chaos.comparing import MOMENTS
from verf.cli.chaos.weathers import Weather
from verf.database import transaction
from verf.identity import Application, new_hash
from verf.kit import new_id, now
from verf.organisations import memberships_of, settle

if TYPE_CHECKING:
    from verf.cli.chaos.lives import Life

API = "/api/v1/billing"
PASSWORD = "grey tea in the harbour"  # noqa: S105  of people who live for one experiment
PRODUCT = "stock"
DAY = timedelta(days=1)
# Refused for now: the customer tries again, as people do. While a provider that fell silent is waited for, every other
# try is refused, and a deed needs up to ten answers of it in a row.
AGAIN = {409, 429, 500, 502, 503, 504}
# What an earlier try has done, although its answer was lost.
DONE_BEFORE = {"already-on-plan", "nothing-to-resume"}
TRIES = 40
MOMENT = timedelta(minutes=1)
# Steps are no whole days: what takes 28 of them (the end of dunning) would come due in the very second in which the lab
# looks, and whether a last mail was sent before it would be chance.
ASKEW = timedelta(hours=1)


class Stage(Protocol):
    """A house with its simulators: in this process, or in processes of its own."""

    http: httpx.AsyncClient

    async def live(self, by: timedelta) -> None:
        """With everything that comes due by itself."""
        ...

    async def wait(self, by: timedelta) -> None: ...

    async def settle(self) -> None: ...

    async def trouble(self, weather: Weather | None) -> None:
        """What is done to our own processes, until None."""
        ...

    async def mails(self, customer: "Customer") -> list[str]: ...


class DeedFailed(AssertionError):
    """Something a customer did was refused for good."""


@dataclass
class Customer:
    name: str
    provider: str
    email: str
    organisation: UUID
    person: UUID
    currency: str


@dataclass
class Lab:
    stage: Stage
    began: datetime
    prices: dict[tuple[str, str], str] = field(default_factory=dict)
    # The price of the dearest plan a month, in minor units, by currency.
    dearest: dict[str, int] = field(default_factory=dict)
    moments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hashed: str = ""

    @classmethod
    async def on(cls, stage: Stage) -> "Lab":
        lab = cls(stage, now(), hashed=await new_hash(PASSWORD))
        answer = await stage.http.get(f"{API}/plans", params={"interval": "month"})
        for plan in answer.raise_for_status().json()["items"]:
            for price in plan["prices"]:
                currency, minor_units = price["money"]["currency"], price["money"]["minor_units"]
                lab.prices[plan["plan"], currency] = price["id"]
                lab.dearest[currency] = max(minor_units, lab.dearest.get(currency, 0))
        return lab

    async def customer(self, name: str, provider: str) -> Customer:
        email = f"{name.replace(' ', '-').replace(',', '')}-{provider}-{str(new_id())[-8:]}@example.com"
        async with transaction(system="a customer of the chaos lab") as session:
            application = Application(email=email, password_hash=self.hashed, name=name.title())
            person = await settle(session, application, organisation=f"{name} ({provider})")
            [membership] = await memberships_of(session, person.id)
        currency = "USD" if provider in ("stripe", "paddle") else "RUB"
        return Customer(name, provider, email, membership.organisation, person.id, currency)

    async def begin_trial(self, who: Customer) -> None:
        async with transaction(organisation=who.organisation) as session:
            await begin_trial(session, who.organisation, PRODUCT, person=who.person)

    async def buy(self, who: Customer, plan: str) -> None:
        price = self.prices[plan, who.currency]
        async with self._noted(who, "buy"):
            await self.ask(who, "checkout-session", {"price_id": price, "provider": who.provider})
            await self._pay_newest(who)

    async def change(self, who: Customer, plan: str) -> None:
        async with self._noted(who, "change"):
            answer = await self.ask(who, "change", {"price_id": self.prices[plan, who.currency]})
            if answer["outcome"] == "to_pay":
                await self._pay_newest(who)

    async def ask(self, who: Customer, verb: str, body: Mapping[str, Any]) -> Any:
        """With one key for all tries, so that it is done once."""
        headers = {"Idempotency-Key": f'"{new_id()}"', **await self._signed_in(who)}
        for number in range(TRIES):
            answer = await self.stage.http.post(f"{API}/{verb}", json=body, headers=headers)
            if answer.is_success:
                return answer.json()
            if number and answer.json().get("code") in DONE_BEFORE:
                return {"outcome": "done"}
            if number and answer.status_code == 401:
                # A token lives for some minutes, trouble for longer.
                headers |= await self._signed_in(who)
                continue
            if answer.status_code not in AGAIN:
                break
            await self.stage.wait(MOMENT)
            if answer.status_code == 409:
                # What was refused is remembered for its key; another key is another try.
                headers["Idempotency-Key"] = f'"{new_id()}"'
        raise DeedFailed(f"{who.name} ({who.provider}): {verb} was answered {answer.status_code}: {answer.text[:300]}")

    async def control(self, provider: str, path: str, body: Mapping[str, Any], method: str = "POST") -> Any:
        answer = await self.stage.http.request(method, f"/sandbox/api/{provider}/{path}", json=body or None)
        if answer.is_error:
            raise DeedFailed(f"{provider} {path} was answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if answer.content else None

    async def refs(self, who: Customer) -> Mapping[str, list[str]]:
        return (await portrait(who.organisation, since=self.began)).refs

    async def face(self, who: Customer) -> dict[str, list[dict[str, Any]]]:
        face = dict((await portrait(who.organisation, since=self.began)).face)
        said = Counter(await self.stage.mails(who))
        mails = [{"says": says, "times": times} for says, times in sorted(said.items())]
        return {**face, "mails": mails, MOMENTS: self.moments.get(who.email, [])}

    @asynccontextmanager
    async def _noted(self, who: Customer, what: str) -> AsyncIterator[None]:
        """Between which seconds of this run it was done: what a change of plan costs depends on them."""
        since = now()
        yield
        between = {"since": (since - self.began).total_seconds(), "until": (now() - self.began).total_seconds()}
        noted = {"what": what, **between, "dearest": self.dearest[who.currency]}
        self.moments.setdefault(who.email, []).append(noted)

    async def _pay_newest(self, who: Customer) -> None:
        ref = (await self.refs(who))["checkout"][-1]
        await self.control(who.provider, f"checkouts/{ref}/pay", {})
        await self.stage.settle()

    async def _signed_in(self, who: Customer) -> dict[str, str]:
        body = {"email": who.email, "password": PASSWORD}
        answer = await self.stage.http.post("/api/v1/auth/login", json=body)
        return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def play(
    stage: Stage, cast: Sequence[tuple["Life", str]], weather: Weather | None, *, seed: str, step: timedelta
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """All lives side by side under one clock; afterwards it is calm for two days. The faces, by life and provider."""
    lab = await Lab.on(stage)
    providers = sorted({provider for _life, provider in cast})
    people = [await lab.customer(life.name, provider) for life, provider in cast]
    if weather:
        for provider in providers:
            await lab.control(provider, "knobs", {**weather.knobs_of(provider), "seed": seed})
        await stage.trouble(weather)
    day, last = 0, max(life.length for life, _provider in cast)
    while day <= last:
        for (life, _provider), who in zip(cast, people, strict=True):
            if day in life.days:
                await life.days[day](lab, who)
        await stage.settle()
        await stage.live(step + ASKEW)
        day += step // DAY
    await stage.trouble(None)
    for provider in providers:
        await lab.control(provider, "knobs", {}, "DELETE")
    for _rest in range(4):
        await stage.live(DAY / 2)
    return {f"{who.name} · {who.provider}": await lab.face(who) for who in people}
