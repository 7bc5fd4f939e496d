from world import Case

from verf.billing.providers.stripe import StripeProvider
from verf.settings import House, load

SECRET = "whsec_sandbox"


def ours(**changes):
    known = {
        "secret_key": "sk_test_sandbox",
        "webhook_secrets": [SECRET],
        "account": "acct_sandbox",
        "url": f"{load(House).url}/sandbox/stripe",
    }
    return StripeProvider(**(known | changes))


def _kind(said):
    said["type"] = "invented.thing"


def _account(said):
    said["account"] = "acct_another"


def _mode(said):
    said["livemode"] = True


case = Case(
    name="stripe",
    provider=ours,
    stranger=lambda: ours(secret_key="sk_test_another", webhook_secrets=["whsec_another"]),
    rotated=lambda: ours(webhook_secrets=["whsec_new", SECRET]),
    signs_time=True,
    alter={"unknown": _kind, "account": _account, "mode": _mode},
    secrets=("sk_test_sandbox", SECRET),
    page=12,
)
