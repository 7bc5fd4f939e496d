"""A stand-in for Stripe: https://docs.stripe.com/api."""

from verf.manifest import Simulator
from verf.sandbox.payments.control import control_router
from verf.sandbox.payments.stripe.guide import GUIDE
from verf.sandbox.payments.stripe.simulator import Stripe

STRIPE = Simulator(
    name=Stripe.name,
    title=Stripe.title,
    create=Stripe,
    control=control_router(Stripe),
    tick=Stripe.tick,
    documentation=GUIDE,
)

__all__ = ["STRIPE", "Stripe"]
