import os
import time
from uuid import UUID

RANDOM_BITS = 62


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): sorts by creation time, so primary keys also sort rows."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (millis & (2**48 - 1)) << 80 | 0x7 << 76 | (random >> RANDOM_BITS & 0xFFF) << 64
    return UUID(int=value | 0b10 << RANDOM_BITS | random & (2**RANDOM_BITS - 1))
