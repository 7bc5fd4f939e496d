"""What a provider's webhook says, before anything of it is believed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from verf.billing.providers.pictures import Subject
from verf.errors import Invalid, Unavailable
from verf.kit import Money


@dataclass(frozen=True, kw_only=True)
class Question:
    """A provider asks before it charges (Wata's pre-payment webhook): is this order still to be paid, for this sum?"""

    order: UUID
    money: Money


@dataclass(frozen=True, kw_only=True)
class Event:
    """An authentic message. `id` is unique per provider, account and mode, the same for every redelivery.

    `subject` is the object to read again, as far as the body alone can tell; None for what does not concern billing
    or is of an unknown kind. `key` names the business object for the queue: two events with one key never run together.
    """

    id: str
    kind: str
    account: str
    is_live: bool
    occurred_at: datetime
    subject: Subject | None
    key: str = ""
    version: str = ""
    question: Question | None = None


class WebhookRefused(Invalid):
    """Not stored, nothing changed. `reason` is for the operator's log and counter; the sender learns no more."""

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__("The webhook was refused.")
        self.reason = reason


class Forged(WebhookRefused):
    """The signature is missing, malformed or wrong, or the sender's address is not the provider's."""


class Stale(WebhookRefused):
    """Signed too long ago, or too far in the future."""


class Malformed(WebhookRefused):
    """Signed, and yet not a message of this provider: cut off, not JSON, fields missing."""


class ProviderUnreachable(Unavailable):
    """The provider did not answer, or answered 5xx or 429. For a POST the outcome is unknown: repeat the same bytes
    with the same key. `retry_after`: seconds it wants to be left in peace, when it said so."""

    def __init__(self, message: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderRefused(Invalid):
    """The provider understood and said no; `code` of the provider in `provider_code`."""

    def __init__(self, message: str, *, provider_code: str = "") -> None:
        super().__init__(message)
        self.provider_code = provider_code


class NotAble(ProviderRefused):
    """This provider has no such operation; its abilities say so beforehand."""
