"""Links in mails: the id of a row and a keyed hash over it, so the row alone opens nothing."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Literal
from uuid import UUID

from verf.settings import House, load, secret

Purpose = Literal["verify", "reset"]


def verification_link(token: UUID) -> str:
    return f"{load(House).url}/verify?token={sign(token, 'verify')}"


def reset_link(token: UUID) -> str:
    return f"{load(House).url}/reset-password?token={sign(token, 'reset')}"


def sign(row: UUID, purpose: Purpose) -> str:
    return urlsafe_b64encode(row.bytes + _mac(row, purpose)).rstrip(b"=").decode()


def unsign(token: str, purpose: Purpose) -> UUID | None:
    """The row a token names, or None when we never wrote it for this purpose."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        row = UUID(bytes=raw[:16])
    except ValueError:
        return None
    return row if hmac.compare_digest(raw[16:], _mac(row, purpose)) else None


def _mac(row: UUID, purpose: Purpose) -> bytes:
    return hmac.new(secret("links in mails"), purpose.encode() + row.bytes, sha256).digest()
