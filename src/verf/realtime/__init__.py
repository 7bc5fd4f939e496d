"""Tell open pages what has changed, over server-sent events and PostgreSQL's NOTIFY.

Not a queue: what nobody hears is gone, and a page that may have missed something ("resync") reads again.
"""

from verf.realtime.events import Event, organisation_topic, person_topic, session_topic
from verf.realtime.hub import Hub, is_listening, overhear
from verf.realtime.publishing import publish
from verf.realtime.streaming import stream

__all__ = [
    "Event",
    "Hub",
    "is_listening",
    "organisation_topic",
    "overhear",
    "person_topic",
    "publish",
    "session_topic",
    "stream",
]
