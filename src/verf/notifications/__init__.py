"""Tell a person something, in their language, on the channels they chose, once.

Not a place for what is said: each room and product declares its own notices and brings their templates.
"""

from verf.notifications.catalogue import configure
from verf.notifications.listing import MailSent, recent_mails
from verf.notifications.sending import notify
from verf.notifications.smtp import forget_smtp, use_smtp
from verf.notifications.suppressing import lift_suppression

__all__ = ["MailSent", "configure", "forget_smtp", "lift_suppression", "notify", "recent_mails", "use_smtp"]
