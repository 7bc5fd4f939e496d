"""The one place that knows how limits are told (draft-ietf-httpapi-ratelimit-headers-11, RFC 6585)."""

from math import ceil

from verf.limits.policies import Policy
from verf.limits.windows import Decision


def headers_of(policy: Policy, decision: Decision) -> dict[str, str]:
    headers = {
        "RateLimit-Policy": f'"{policy.name}";q={policy.quota};w={policy.window}',
        "RateLimit": f'"{policy.name}";r={decision.remaining};t={ceil(decision.reset_after)}',
    }
    if not decision.allowed:
        headers["Retry-After"] = str(max(1, ceil(decision.retry_after)))
    return headers
