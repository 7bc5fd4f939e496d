"""Access tokens: short-lived JWTs that name a person and a session. The session is still looked up on every request."""

from uuid import UUID

import jwt

from verf.identity.settings import IdentitySettings
from verf.kit import now
from verf.settings import load, secret

ISSUER = "verf"
AUDIENCE = "verf"
ALGORITHM = "HS256"


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
    try:
        claims = jwt.decode(
            token,
            secret("access tokens"),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            # PyJWT reads the machine's clock; ours may be ahead of it, so the times are compared below.
            options={
                "require": ["iss", "aud", "sub", "sid", "iat", "exp"],
                "verify_exp": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
        session, expires = UUID(claims["sid"]), float(claims["exp"])
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
        return None
    return session if now().timestamp() < expires else None
