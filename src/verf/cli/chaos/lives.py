"""What customers do, day by day. Each life is played alike in every weather."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from verf.cli.chaos.playing import Customer, Lab

Deed = Callable[[Lab, Customer], Awaitable[None]]
MIRRORED, CARDS = ("stripe", "paddle"), ("stripe", "paddle", "yookassa")
ALL = (*CARDS, "wata")


@dataclass(frozen=True)
class Life:
    name: str
    providers: Sequence[str]
    days: Mapping[int, Deed]
    length: int


async def try_out(lab: Lab, who: Customer) -> None:
    await lab.begin_trial(who)


def buy(plan: str) -> Deed:
    async def deed(lab: Lab, who: Customer) -> None:
        await lab.buy(who, plan)

    return deed


def change(plan: str) -> Deed:
    async def deed(lab: Lab, who: Customer) -> None:
        await lab.change(who, plan)

    return deed


async def cancel(lab: Lab, who: Customer) -> None:
    await lab.ask(who, "cancel", {"when": "period_end", "reason": "chaos"})


async def leave_at_once(lab: Lab, who: Customer) -> None:
    await lab.ask(who, "cancel", {"when": "now", "reason": "chaos"})


async def resume(lab: Lab, who: Customer) -> None:
    await lab.ask(who, "resume", {})


def card(outcome: str) -> Deed:
    async def deed(lab: Lab, who: Customer) -> None:
        refs = await lab.refs(who)
        await lab.control(who.provider, f"methods/{refs['method'][-1]}", {"outcome": outcome})

    return deed


def refund(amount: int | None) -> Deed:
    async def deed(lab: Lab, who: Customer) -> None:
        refs = await lab.refs(who)
        body = {"amount": amount} if amount else {}
        await lab.control(who.provider, f"payments/{refs['payment'][-1]}/refund", body)

    return deed


async def dispute(lab: Lab, who: Customer) -> None:
    refs = await lab.refs(who)
    await lab.control(who.provider, f"payments/{refs['payment'][-1]}/dispute", {})


async def lose(lab: Lab, who: Customer) -> None:
    refs = await lab.refs(who)
    await lab.control(who.provider, f"disputes/{refs['dispute'][-1]}/lost", {})


async def win(lab: Lab, who: Customer) -> None:
    refs = await lab.refs(who)
    await lab.control(who.provider, f"disputes/{refs['dispute'][-1]}/won", {})


NO_MONEY, PAYS, STOLEN = card("insufficient_funds"), card("pays"), card("stolen")

LIVES = (
    Life("renews", ALL, {0: buy("pro")}, 64),
    Life("trial, paid, up, cancelled", ALL, {0: try_out, 4: buy("starter"), 12: change("pro"), 20: cancel}, 44),
    Life("fails and recovers", CARDS, {0: buy("pro"), 24: NO_MONEY, 36: PAYS}, 52),
    Life("is never paid again", CARDS, {0: buy("starter"), 24: NO_MONEY}, 64),
    Life("a stolen card", CARDS, {0: buy("pro"), 24: STOLEN}, 60),
    Life("refunded in parts", ALL, {0: buy("pro"), 4: refund(1000), 8: refund(None)}, 40),
    Life("disputed and lost", MIRRORED, {0: buy("pro"), 8: dispute, 16: lose}, 40),
    Life("disputed and won", ("stripe",), {0: buy("pro"), 8: dispute, 16: win}, 40),
    Life("cancelled and taken back", CARDS, {0: buy("pro"), 4: cancel, 8: resume}, 40),
    Life("down at the end", CARDS, {0: buy("pro"), 8: change("starter")}, 40),
    Life("leaves at once", CARDS, {0: buy("starter"), 8: leave_at_once}, 20),
    Life("comes back", ALL, {0: buy("starter"), 4: cancel, 36: buy("pro")}, 44),
)


def lives_for(providers: Sequence[str]) -> list[tuple[Life, str]]:
    """Each life with each provider that is able to it."""
    return [(life, provider) for life in LIVES for provider in providers if provider in life.providers]
