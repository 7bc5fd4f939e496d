"""How often somebody may do something, once included, and answers worth keeping for a moment.

Not the place for what a plan includes: that is billing's.
"""

from verf.limits.addresses import client_address
from verf.limits.cache import forget, remember
from verf.limits.guarding import RateLimitHeaders, api_reads_limited, failed, guard, limited, succeeded, tell
from verf.limits.hits import QuotaExceeded, TemporaryReducedCapacity, close_stores, hit, lifted, start_afresh
from verf.limits.once import OncePerForm, OncePerKey, Operation
from verf.limits.policies import Policy, declare, policy_of
from verf.limits.settings import LimitsSettings
from verf.limits.windows import Decision

__all__ = [
    "Decision",
    "LimitsSettings",
    "OncePerForm",
    "OncePerKey",
    "Operation",
    "Policy",
    "QuotaExceeded",
    "RateLimitHeaders",
    "TemporaryReducedCapacity",
    "api_reads_limited",
    "client_address",
    "close_stores",
    "declare",
    "failed",
    "forget",
    "guard",
    "hit",
    "lifted",
    "limited",
    "policy_of",
    "remember",
    "start_afresh",
    "succeeded",
    "tell",
]
