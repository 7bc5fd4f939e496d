from pydantic import SecretStr
from world import Case

from verf.billing.providers.yookassa import YooKassa, YooKassaSettings
from verf.settings import House, load


def ours(**changes):
    settings = YooKassaSettings().in_house(load(House))
    return YooKassa(settings.model_copy(update=changes))


def _kind(said):
    said["event"] = "invoice.invented"


def _account(said):
    said["object"]["recipient"] = {"account_id": "466593", "gateway_id": "1"}


def _mode(said):
    said["object"]["test"] = False


case = Case(
    name="yookassa",
    provider=ours,
    stranger=lambda: ours(secret_key=SecretStr("test_another")),
    alter={"unknown": _kind, "account": _account, "mode": _mode},
    currency="RUB",
    secrets=("test_sandbox",),
    page=110,
)
