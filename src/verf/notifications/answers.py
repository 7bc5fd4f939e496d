"""What can become of a mail on its way out, whoever carries it."""

from dataclasses import dataclass

from verf.errors import Unavailable


class MailServerAway(Unavailable):
    """No answer, or an answer that asks to try again."""


@dataclass
class MailRefused(Exception):
    """A refusal for good. `address` is set when it is the recipient that the server does not want."""

    answer: str
    address: str = ""
