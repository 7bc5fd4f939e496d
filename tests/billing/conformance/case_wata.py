from pydantic import SecretStr
from world import Case

from verf.billing.providers.wata import Wata, WataSettings
from verf.settings import House, load


def ours(**changes):
    settings = WataSettings().in_house(load(House))
    return Wata(settings.model_copy(update=changes))


def _kind(said):
    said["kind"] = "Payout"


def _account(said):
    said["terminalPublicId"] = "3b16a2f1-0000-0000-0000-000000000000"


case = Case(
    name="wata",
    provider=ours,
    stranger=lambda: ours(token=SecretStr("of-another-terminal")),
    alter={"unknown": _kind, "account": _account},
    currency="RUB",
    checkout_id=lambda opened: opened.url.rstrip("/").rpartition("/")[2],
    secrets=(),
    approves_refunds=True,
    page=110,
)
