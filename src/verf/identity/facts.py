"""What identity tells the rooms above it; the mails are theirs to send.

`token` is the id of a row, not the link itself: `verification_link(token)` and `reset_link(token)` make the link when
the mail is written, so no secret ever lies in a job.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class EmailVerificationRequested:
    person: UUID
    token: UUID


@dataclass(frozen=True)
class PasswordResetRequested:
    person: UUID
    token: UUID


@dataclass(frozen=True)
class SignUpRepeated:
    """Somebody signed up with the address of a person who is here already; `attempt` is a reset link."""

    person: UUID
    attempt: UUID


@dataclass(frozen=True)
class SessionStolen:
    person: UUID
    session: UUID


@dataclass(frozen=True)
class ForgetOldSessions:
    """A job: links and sessions that can never be used again are of no use to anybody but a thief of backups."""


@dataclass(frozen=True)
class FindAccountToReset:
    """A job, not a fact: whether the address is known is found out after we have answered."""

    email: str
