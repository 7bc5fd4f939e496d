"""What a seller's token says about itself. It is a JWT we cannot verify: only Wildberries knows the key."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from stock.words import category_names
from verf.errors import Invalid
from verf.web import _, format_date

READ_ONLY_BIT = 30
# Bit of the claim `s` -> the category as the seller's cabinet names it.
SCOPES = {
    1: "Content",
    2: "Analytics",
    3: "Prices and discounts",
    4: "Marketplace",
    5: "Statistics",
    6: "Promotion",
    7: "Feedbacks and questions",
    9: "Buyers chat",
    10: "Supplies",
    11: "Buyers returns",
    12: "Documents",
    13: "Finance",
    16: "Users",
}
NEEDED = (1, 2, 3, 4, 5)
LONGEST_TOKEN = 8_192


class TokenKind(StrEnum):
    BASE = "base"
    TEST = "test"
    PERSONAL = "personal"
    SERVICE = "service"
    UNKNOWN = "unknown"


KINDS = {1: TokenKind.BASE, 2: TokenKind.TEST, 3: TokenKind.PERSONAL, 4: TokenKind.SERVICE}


@dataclass(frozen=True)
class SellerToken:
    kind: TokenKind
    seller: str
    scopes: tuple[int, ...]
    read_only: bool
    expires_at: datetime
    service: str | None

    @property
    def scope_names(self) -> list[str]:
        return [SCOPES.get(bit, f"#{bit}") for bit in self.scopes]


@dataclass(frozen=True)
class Verdict:
    """Why the token cannot be used (any of these refuses it), and what the seller should know if it can."""

    refusals: tuple[str, ...]
    warnings: tuple[str, ...]


def fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def decode(token: str) -> SellerToken:
    """Read the claims; anything that is not such a token is answered beside the field."""
    claims = _claims(token)
    try:
        mask = int(claims["s"])
        expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        seller = str(claims["sid"])
        account = int(claims.get("acc", 0))
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise unreadable() from error
    kind = TokenKind.TEST if claims.get("t") is True else KINDS.get(account, TokenKind.UNKNOWN)
    purpose = str(claims.get("for") or "")
    return SellerToken(
        kind=kind,
        seller=seller[:64],
        scopes=tuple(bit for bit in range(1, READ_ONLY_BIT) if mask >> bit & 1),
        read_only=bool(mask >> READ_ONLY_BIT & 1),
        expires_at=expires_at,
        service=purpose.removeprefix("asid:") if purpose.startswith("asid:") else None,
    )


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST_TOKEN:
        raise unreadable()
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = orjson.loads(payload)
    except (binascii.Error, ValueError) as error:
        raise unreadable() from error
    if not isinstance(claims, dict):
        raise unreadable()
    return claims


def unreadable() -> Invalid:
    text = _("This is not a Wildberries token. Copy the whole token from the seller's cabinet, with both dots in it.")
    return refusal(text)


def refusal(text: str) -> Invalid:
    """The same sentence for the page, which shows it beside the field, and for the API."""
    return Invalid(text, fields={"token": text})


def judge(token: SellerToken, now: datetime) -> Verdict:
    refusals = [*_refusals_by_kind(token), *_refusals_by_date(token, now), *_refusals_by_scope(token)]
    warnings = []
    if not token.read_only:
        warnings.append(
            _("This token may also change your shop. We only read: a token marked “Read only” would be safer.")
        )
    if token.kind is TokenKind.BASE:
        warnings.append(
            _(
                "Wildberries lets a base token ask rarely: orders every 3 hours, sales every 2 hours, stock through "
                "a slower report. Your numbers will be 2 to 3 hours old; a service token makes them fresh every 30 "
                "minutes."
            )
        )
    if token.expires_at - now < timedelta(days=30):
        warnings.append(_("This token ends soon. Issue a new one in time: we remind you 30, 7 and 1 days before."))
    return Verdict(tuple(refusals), tuple(warnings))


def _refusals_by_kind(token: SellerToken) -> list[str]:
    if token.kind is TokenKind.PERSONAL:
        return [
            _(
                "This is a personal token. Wildberries forbids cloud services to use it: it is for programs on your "
                "own computers only. Issue a service token for us, or a base token."
            )
        ]
    if token.kind is TokenKind.TEST:
        return [
            _(
                "This is a test token. It opens only the sandbox of Wildberries with made-up goods. "
                "Issue a service or base token."
            )
        ]
    if token.kind is TokenKind.UNKNOWN:
        return [_("We do not know this kind of token. Issue a service or base token.")]
    return []


def _refusals_by_date(token: SellerToken, now: datetime) -> list[str]:
    if token.expires_at > now:
        return []
    ended = format_date(token.expires_at)
    return [_("This token expired on %(date)s. Issue a new one in the seller's cabinet.", date=ended)]


def _refusals_by_scope(token: SellerToken) -> list[str]:
    missing = [SCOPES[bit] for bit in NEEDED if bit not in token.scopes]
    if not missing:
        return []
    return [
        _(
            "This token lacks the categories: %(names)s. Tick them when you issue the token.",
            names=category_names(missing),
        )
    ]
