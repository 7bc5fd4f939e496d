"""Access tokens: short-lived JWTs that name a person and a session. The session is still looked up on every request."""

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import jwt

from verf.identity.settings import IdentitySettings
from verf.kit import now
from verf.settings import load, secret

ISSUER = "verf"
AUDIENCE = "verf"
ALGORITHM = "HS256"
# Ours have about 300 characters; nobody fills our memory with longer ones.
LONGEST = 1024


def write(person: UUID, session: UUID) -> str:
    issued = now()
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(person),
        "sid": str(session),
        "iat": int(issued.timestamp()),
        "exp": int((issued + load(IdentitySettings).access_lifetime).timestamp()),
    }
    return jwt.encode(claims, secret("access tokens"), algorithm=ALGORITHM)


def read(token: str) -> UUID | None:
    """The session an unexpired token of ours names, else None."""
    found = _claimed(token, secret("access tokens")) if len(token) <= LONGEST else None
    return found.session if found and now().timestamp() < found.expires else None


class _Claimed(NamedTuple):
    session: UUID
    expires: float


@lru_cache(maxsize=2048)
def _claimed(token: str, key: bytes) -> _Claimed | None:
    """Kept, since a program sends the same token until it expires, and a signature stays right or wrong."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            # PyJWT reads the machine's clock; ours may be ahead of it, so the times are compared above.
            options={
                "require": ["iss", "aud", "sub", "sid", "iat", "exp"],
                "verify_exp": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
        return _Claimed(UUID(claims["sid"]), float(claims["exp"]))
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
        return None
