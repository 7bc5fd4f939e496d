from verf.manifest import Room
from verf.sandbox.payments.paddle import PADDLE
from verf.sandbox.payments.stripe import STRIPE
from verf.sandbox.payments.wata import WATA
from verf.sandbox.payments.yookassa import YOOKASSA
from verf.sandbox.settings import SandboxSettings

# Simulators of services that the platform itself talks to; those of products come with the products.
room = Room(
    name="sandbox", package="verf.sandbox", settings=SandboxSettings, simulators=[STRIPE, PADDLE, YOOKASSA, WATA]
)
