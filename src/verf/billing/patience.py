"""A provider that cannot be reached is nobody's failure: what asked it asks again later."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from verf.billing.providers.events import ProviderUnreachable
from verf.jobs import TryLater

# How long to wait when the provider did not say it.
PATIENCE = timedelta(minutes=1)


@contextmanager
def patience() -> Iterator[None]:
    """In a job: TryLater in place of ProviderUnreachable, after the seconds it asked for; no attempt is counted."""
    try:
        yield
    except ProviderUnreachable as error:
        wait = timedelta(seconds=error.retry_after) if error.retry_after else PATIENCE
        raise TryLater(after=wait) from error
