from dataclasses import replace

from world import Case

from verf.billing.providers.paddle import Paddle, connection
from verf.billing.providers.paddle.settings import SANDBOX_KEY, SANDBOX_SECRET


def ours(**changes):
    return Paddle(replace(connection(), **changes))


def _kind(said):
    said["event_type"] = "invented.thing"


case = Case(
    name="paddle",
    provider=ours,
    stranger=lambda: ours(api_key="pdl_sdbx_apikey_another", secrets=("pdl_ntfset_another",)),
    rotated=lambda: ours(secrets=("pdl_ntfset_new", SANDBOX_SECRET)),
    signs_time=True,
    alter={"unknown": _kind},
    secrets=(SANDBOX_KEY, SANDBOX_SECRET),
    approves_refunds=True,
    page=35,
)
