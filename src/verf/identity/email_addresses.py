"""One person, one spelling: addresses are compared in the form written here."""

from email_validator import EmailNotValidError, validate_email

from verf.errors import Invalid
from verf.settings import House, load
from verf.web import _

LONGEST = 254


class AddressNotValid(Invalid):
    """The field is `email`."""


def normalise(address: str) -> str:
    """Trimmed, Unicode-normalised and lower-case. Whether mail arrives there, only a mail can tell."""
    sandbox = load(House).is_sandbox
    try:
        checked = validate_email(
            address.strip(), check_deliverability=False, test_environment=sandbox, globally_deliverable=not sandbox
        )
    except EmailNotValidError as problem:
        message = _("This is not an e-mail address we can write to.")
        raise AddressNotValid(message, fields={"email": message}) from problem
    return checked.normalized.lower()
