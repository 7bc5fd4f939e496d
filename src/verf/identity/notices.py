"""What identity has to say to people. Security mails cannot be switched off."""

from dataclasses import dataclass

from verf.manifest import Notice


@dataclass(frozen=True)
class Link:
    name: str
    email: str
    url: str


VERIFY_EMAIL = Notice(name="verify_email", data=Link, can_opt_out=False)
RESET_PASSWORD = Notice(name="reset_password", data=Link, can_opt_out=False)
SIGN_UP_REPEATED = Notice(name="sign_up_repeated", data=Link, can_opt_out=False)
SESSION_STOLEN = Notice(name="session_stolen", data=Link, can_opt_out=False)
