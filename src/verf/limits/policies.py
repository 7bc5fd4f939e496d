"""The classes of limits: credentials, reads, generation, and what other rooms declare."""

from dataclasses import dataclass

from verf.limits.settings import LimitsSettings
from verf.settings import load

MINUTE = 60
HOUR = 3600
DAY = 86400


@dataclass(frozen=True)
class Policy:
    """At most `quota` in any `window` of seconds. A quota of zero means no limit.

    When hits cannot be counted, `fail_open` lets people through; without it they are asked to come back.
    """

    name: str
    quota: int
    window: int
    fail_open: bool = True


# Failures of one account from one network, on top of the limit of the endpoint: the delay grows from a minute to a day.
FAILURES = (
    Policy("failures", 10, 10 * MINUTE, fail_open=False),
    Policy("failures-hour", 20, HOUR, fail_open=False),
    Policy("failures-day", 50, DAY, fail_open=False),
)

_declared: dict[str, Policy] = {}


def declare(policy: Policy) -> Policy:
    """Add a class of limits of your own, at import: declare(Policy("exports", 10, 3600))."""
    if _declared.setdefault(policy.name, policy) != policy:
        raise ValueError(f"The limit {policy.name} is already declared differently.")
    return policy


def policy_of(name: str) -> Policy:
    settings = load(LimitsSettings)
    house = {
        "credentials": Policy("credentials", settings.credentials_per_minute, MINUTE, fail_open=False),
        "reads": Policy("reads", settings.reads_per_minute, MINUTE),
        "generation": Policy("generation", settings.generation_per_hour, HOUR),
    }
    return house.get(name) or _declared[name]
