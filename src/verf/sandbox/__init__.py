"""The outside world on this machine: a mail server that keeps what it gets, a clock that can be moved, simulators.

Not for production: nothing here starts unless the house is in sandbox mode.
"""

from verf.sandbox.application import create_sandbox
from verf.sandbox.clock import follow_clock, restore_clock
from verf.sandbox.guard import Guard
from verf.sandbox.mailbox import Mailbox
from verf.sandbox.settings import SandboxSettings
from verf.sandbox.smtp import SmtpServer, smtp_address

__all__ = [
    "Guard",
    "Mailbox",
    "SandboxSettings",
    "SmtpServer",
    "create_sandbox",
    "follow_clock",
    "restore_clock",
    "smtp_address",
]
