"""What becomes of a subscription whose money did not come: tries, mails, grace, the end. Pure: dates in, dates out.

Days count from the moment the money was due. A house that was down goes on where the calendar stands: of several tries
or mails that were missed, only the last is made up for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from verf.billing.states import SubscriptionState

TRIES = (0, 2, 7, 14, 21)
MAILS = (0, 3, 7, 14)
ENDS_ON = 28
# One more mail this many days before the end.
LAST_CALL = 1
GRACE_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class Arrears:
    """`since`: when the money was due. `is_hard`: trying the same method again cannot help."""

    since: datetime
    grace_days: int = GRACE_DAYS
    is_hard: bool = False

    @property
    def suspends_at(self) -> datetime:
        return self.since + timedelta(days=self.grace_days)

    @property
    def ends_at(self) -> datetime:
        return self.since + timedelta(days=ENDS_ON)


def state_at(arrears: Arrears, moment: datetime) -> SubscriptionState:
    """Unpaid with access, unpaid without, over."""
    if moment >= arrears.ends_at:
        return SubscriptionState.ENDED
    return SubscriptionState.SUSPENDED if moment >= arrears.suspends_at else SubscriptionState.PAST_DUE


def try_at(arrears: Arrears, moment: datetime) -> int | None:
    """The number of the try whose turn it is: 0 on the day itself. None after a hard decline, for good."""
    if arrears.is_hard or state_at(arrears, moment) == SubscriptionState.ENDED:
        return None
    return _last(TRIES, arrears, moment)


def next_try_at(arrears: Arrears, moment: datetime) -> datetime | None:
    """The first try after `moment`; None when there is none left."""
    if arrears.is_hard:
        return None
    return next((at for at in _moments(TRIES, arrears) if at > moment), None)


def mail_at(arrears: Arrears, moment: datetime) -> int | None:
    """The day whose mail is due, sent or not; the mail about the end itself is another one."""
    if state_at(arrears, moment) == SubscriptionState.ENDED:
        return None
    days = (*MAILS, ENDS_ON - LAST_CALL)
    number = _last(days, arrears, moment)
    return None if number is None else days[number]


def calendar(arrears: Arrears) -> list[datetime]:
    """Every moment at which something is to be done, in order."""
    days = {*MAILS, ENDS_ON - LAST_CALL, ENDS_ON, arrears.grace_days, *(() if arrears.is_hard else TRIES)}
    return _moments(tuple(sorted(days)), arrears)


def _moments(days: tuple[int, ...], arrears: Arrears) -> list[datetime]:
    return [arrears.since + timedelta(days=day) for day in days]


def _last(days: tuple[int, ...], arrears: Arrears, moment: datetime) -> int | None:
    passed = [number for number, at in enumerate(_moments(days, arrears)) if at <= moment]
    return passed[-1] if passed else None
