"""The hand of the test, the same for every simulated provider; mounted at /sandbox/api/<name>."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from verf.errors import Invalid, Unavailable
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob
from verf.sandbox.payments.simulator import NotSimulated, PaymentSimulator

Answer = dict[str, Any]


class KnobsChange(BaseModel):
    """Names of knobs with their settings; null turns one off. `seed` makes everything by chance repeatable."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"duplicate": {"rate": 0.1}, "drop": {"count": 1}, "seed": "7"}]}
    )
    __pydantic_extra__: dict[str, Knob | None]

    seed: str | None = Field(default=None, max_length=100)


class Refund(BaseModel):
    """As somebody presses it in the provider's cabinet; `amount` in minor units, without it all that is left."""

    model_config = ConfigDict(extra="forbid")

    amount: int | None = Field(default=None, gt=0)


class Dispute(Refund):
    """As the payer's bank takes money back."""

    reason: str = Field(default="fraudulent", max_length=100)


class Payment(BaseModel):
    """How a person without a browser pays; `later` is what the method does at charges after this one."""

    model_config = ConfigDict(extra="forbid")

    later: Outcome = Outcome.PAYS


class Decline(BaseModel):
    """Why the bank says no."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome = Outcome.INSUFFICIENT_FUNDS


class MethodChange(BaseModel):
    """What a saved method does when it is charged without its owner, from now on."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome


def running(name: str, request: Request) -> PaymentSimulator:
    """The simulator of this house; controls of several houses in one process never meet."""
    found = getattr(request.app.state, "simulators", {}).get(name)
    if not isinstance(found, PaymentSimulator):
        raise Unavailable(f"The simulator {name} is not running.")
    return found


def control_router(kind: type[PaymentSimulator]) -> APIRouter:
    async def current(request: Request) -> AsyncIterator[PaymentSimulator]:
        simulator = running(kind.name, request)
        try:
            yield simulator
            simulator.store.flush()
        except NotImplementedError as error:
            simulator.store.revert()
            raise NotSimulated(str(error)) from error
        except BaseException:
            simulator.store.revert()
            raise

    router, at_hand = APIRouter(), Depends(current, scope="function")
    _add_knobs(router, at_hand)
    _add_deliveries(router, at_hand)
    _add_cabinet(router, at_hand)
    _add_payer(router, at_hand)
    return router


def _add_knobs(router: APIRouter, current: Any) -> None:
    @router.get("/knobs", summary="Which knobs are turned, and which there are")
    async def read_knobs(simulator: Annotated[PaymentSimulator, current]) -> Answer:
        return _reading(simulator)

    @router.post("/knobs", summary="Turn knobs: those named, the others stay")
    async def turn_knobs(change: KnobsChange, simulator: Annotated[PaymentSimulator, current]) -> Answer:
        wanted = change.__pydantic_extra__ or {}
        if unknown := set(wanted) - set(simulator.knobs.names):
            names = ", ".join(simulator.knobs.names)
            raise Invalid(f"No knob is called {', '.join(sorted(unknown))}. There are: {names}.")
        for name, knob in wanted.items():
            simulator.knobs.turn(name, knob)
        if change.seed is not None:
            simulator.dice.sow(change.seed)
        return _reading(simulator)

    @router.delete("/knobs", summary="Turn all knobs off")
    async def reset_knobs(simulator: Annotated[PaymentSimulator, current]) -> Answer:
        simulator.knobs.reset()
        return _reading(simulator)


def _add_deliveries(router: APIRouter, current: Any) -> None:
    @router.get("/deliveries", summary="Webhooks and every attempt to deliver them, newest first")
    async def deliveries(
        simulator: Annotated[PaymentSimulator, current],
        event: str = "",
        kind: str = "",
        state: Literal["", "waiting", "delivered", "gave_up", "dropped", "asked"] = "",
        limit: Annotated[int, Query(ge=1, le=100_000)] = 100,
    ) -> list[Answer]:
        return simulator.outbox.deliveries(event=event, kind=kind, state=state, limit=limit)

    @router.post("/deliveries/{number}/again", summary="Deliver once more, now, even what was dropped")
    async def again(number: int, simulator: Annotated[PaymentSimulator, current]) -> Answer:
        return await simulator.outbox.again(number)

    @router.post("/tick", summary="Do everything that is due and deliver; the house does it five times a second")
    async def tick(simulator: Annotated[PaymentSimulator, current]) -> Answer:
        return {"steps": await simulator.tick()}


def _add_cabinet(router: APIRouter, current: Any) -> None:
    @router.get("/truth", summary="All that the provider knows: the other side of every comparison")
    async def truth(simulator: Annotated[PaymentSimulator, current]) -> Answer:
        return simulator.truth()

    @router.post("/subscriptions/{identity}/{action}", summary="Steer a subscription from the provider's cabinet")
    async def subscription(
        identity: str,
        action: Literal["fail-next", "cancel", "pause"],
        simulator: Annotated[PaymentSimulator, current],
    ) -> Answer:
        return simulator.steer_subscription(identity, action)

    @router.post("/payments/{identity}/refund", summary="Refund from the provider's cabinet")
    async def refund(
        identity: str,
        simulator: Annotated[PaymentSimulator, current],
        wanted: Refund | None = None,
    ) -> Answer:
        return simulator.refund_payment(identity, wanted.amount if wanted else None)

    @router.post("/payments/{identity}/dispute", summary="The payer's bank takes the money back")
    async def dispute(
        identity: str,
        simulator: Annotated[PaymentSimulator, current],
        wanted: Dispute | None = None,
    ) -> Answer:
        wanted = wanted or Dispute()
        return simulator.dispute_payment(identity, wanted.amount, wanted.reason)

    @router.post("/disputes/{identity}/{verdict}", summary="The dispute ends")
    async def settle(
        identity: str,
        verdict: Literal["won", "lost"],
        simulator: Annotated[PaymentSimulator, current],
    ) -> Answer:
        return simulator.settle_dispute(identity, verdict)

    @router.post("/methods/{identity}", summary="What a saved method does at later charges")
    async def method(identity: str, change: MethodChange, simulator: Annotated[PaymentSimulator, current]) -> Answer:
        return simulator.set_method_outcome(identity, change.outcome)


def _add_payer(router: APIRouter, current: Any) -> None:
    @router.post("/checkouts/{identity}/pay", summary="Pay at the hosted page, without a browser")
    async def pay(
        identity: str,
        simulator: Annotated[PaymentSimulator, current],
        payment: Payment | None = None,
    ) -> Answer:
        later = payment.later if payment else Outcome.PAYS
        return await simulator.pay_checkout(identity, Outcome.PAYS, later)

    @router.post("/checkouts/{identity}/decline", summary="Try to pay at the hosted page, and be declined")
    async def decline(
        identity: str,
        simulator: Annotated[PaymentSimulator, current],
        why: Decline | None = None,
    ) -> Answer:
        outcome = why.outcome if why else Outcome.INSUFFICIENT_FUNDS
        return await simulator.pay_checkout(identity, outcome, Outcome.PAYS)

    @router.post("/checkouts/{identity}/expire", summary="The hosted page runs out now")
    async def expire(identity: str, simulator: Annotated[PaymentSimulator, current]) -> Answer:
        return simulator.expire_checkout(identity)


def _reading(simulator: PaymentSimulator) -> Answer:
    return {"turned": simulator.knobs.reading(), "names": list(simulator.knobs.names), "seed": simulator.dice.seed}
