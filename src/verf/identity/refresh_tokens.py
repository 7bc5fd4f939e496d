"""What a refresh token looks like and what may be done with one (contract C1). Pure: no database, no clock.

A token names its session and a counter; the session's own key signs both. The checksum at the end tells a token cut
short by a client from a forged one without asking the database. One row per session, none per token.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from hashlib import sha256
from struct import Struct
from uuid import UUID
from zlib import crc32

VERSION = 1
_BODY = Struct(">B16sI")
_SUM = Struct(">I")
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True)
class RefreshToken:
    session: UUID
    counter: int
    mac: bytes

    def signed_by(self, key: bytes) -> bool:
        return hmac.compare_digest(self.mac, _mac(self.session, self.counter, key))


def write(session: UUID, counter: int, key: bytes) -> str:
    raw = _BODY.pack(VERSION, session.bytes, counter) + _mac(session, counter, key)
    return urlsafe_b64encode(raw + _SUM.pack(crc32(raw))).rstrip(b"=").decode()


def read(text: str) -> RefreshToken | None:
    """The parts of a well-formed token; None for anything else. Who signed it is still to be checked."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    if len(raw) != _BODY.size + _MAC_BYTES + _SUM.size:
        return None
    signed, (checksum,) = raw[: -_SUM.size], _SUM.unpack(raw[-_SUM.size :])
    version, session, counter = _BODY.unpack(signed[: _BODY.size])
    if version != VERSION or checksum != crc32(signed):
        return None
    return RefreshToken(UUID(bytes=session), counter, signed[_BODY.size :])


class Decision(Enum):
    ADVANCE = "advance"  # the current token: count up and hand out the next
    REPEAT = "repeat"  # a benign loser of a race or of a lost answer: hand out the current one again
    REJECT = "reject"  # from the future: we never wrote it
    DESTROY = "destroy"  # spent long ago: somebody else has a copy


def decide(behind: int, *, since_refresh: timedelta, reuse_interval: timedelta, same_device: bool) -> Decision:
    """`behind` is how many generations the presented token is older than the stored counter.

    Stricter than Supabase: its previous token never expires, so a thief who has it can fetch the current one. Here a
    late previous token counts only from the browser that got it.
    """
    if behind < 0:
        return Decision.REJECT
    if behind == 0:
        return Decision.ADVANCE
    if since_refresh <= reuse_interval or (behind == 1 and same_device):
        return Decision.REPEAT
    return Decision.DESTROY


def _mac(session: UUID, counter: int, key: bytes) -> bytes:
    return hmac.new(key, _BODY.pack(VERSION, session.bytes, counter), sha256).digest()
