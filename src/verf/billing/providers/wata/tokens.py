"""Wata's tokens end without a word, and then every call is answered 401."""

from datetime import UTC, datetime, timedelta

import jwt

from verf.billing.providers.wata.settings import WataSettings
from verf.errors import Unavailable
from verf.kit import now
from verf.settings import House, load

EARLY = timedelta(days=14)


class WataTokenEnds(Unavailable):
    """Make another in the cabinet: an ended one cannot be renewed, and nobody can pay without."""


def ends_at(token: str) -> datetime | None:
    """None for what is not a JWT or has no end. Read only, never trusted: the token is our own."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


async def wata_token_lasts() -> None:
    settings = load(WataSettings).in_house(load(House))
    if settings is None or not settings.is_live:
        return
    ends = ends_at(settings.token.get_secret_value())
    if ends is None:
        raise WataTokenEnds("VERF_WATA_TOKEN is not a token of Wata, or does not say when it ends.")
    if ends - now() < EARLY:
        raise WataTokenEnds(f"VERF_WATA_TOKEN ends on {ends:%d %B %Y}. Make another in Wata's cabinet before then.")
