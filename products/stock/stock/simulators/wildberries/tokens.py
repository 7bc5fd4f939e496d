"""Tokens of sellers: ES256 JWT with the claims of Wildberries, and what a gateway says of one."""

import json
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stock.simulators.wildberries.moments import DAY, SECOND, moment_of
from verf.errors import Invalid
from verf.kit import now

CONTENT, ANALYTICS, PRICES, MARKETPLACE, STATISTICS, SUPPLIES = 1, 2, 3, 4, 5, 10
READ_ONLY = 30
BASE, TEST, PERSONAL, SERVICE = 1, 2, 3, 4
VALID_DAYS = 180
OUR_SERVICE = "4f9b1c2e-5d17-4c0a-9a44-0b7f6f3a9d10"
OTHER_SERVICE = "c0de0000-1111-4222-8333-444455556666"
ALL_SCOPES = (CONTENT, ANALYTICS, PRICES, MARKETPLACE, STATISTICS, SUPPLIES)


@dataclass(frozen=True, slots=True)
class Kind:
    account: int
    days: float = VALID_DAYS
    scopes: tuple[int, ...] = ALL_SCOPES
    is_read_only: bool = True
    service: str = OUR_SERVICE


KINDS = {
    "service": Kind(SERVICE),
    "base": Kind(BASE),
    "personal": Kind(PERSONAL),
    "expired": Kind(SERVICE, days=-1),
    "test": Kind(TEST),
    "no-analytics": Kind(SERVICE, scopes=(CONTENT, PRICES, MARKETPLACE, STATISTICS, SUPPLIES)),
    "expiring": Kind(SERVICE, days=3),
    "writing": Kind(SERVICE, is_read_only=False),
    "foreign-service": Kind(SERVICE, service=OTHER_SERVICE),
}


@dataclass(frozen=True, slots=True)
class Claims:
    id: str
    sid: str
    account: int
    scopes: int
    service: str

    def may(self, scope: int) -> bool:
        return bool(self.scopes >> scope & 1)


class TokenProblem(Exception):
    """Why the gateway does not accept a token, in its own words."""


class Tokens:
    """Issues, remembers and checks; key, tokens and revocations survive a restart."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "tokens.json"
        self._lock = Lock()
        self._key = _key_in(folder)
        kept = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._issued: dict[str, str] = kept.get("issued", {})
        self._revoked: set[str] = set(kept.get("revoked", []))
        self._deleted_users: set[str] = set(kept.get("deleted_users", []))
        self._secrets: dict[str, int] = kept.get("secrets", {})

    def of(self, sid: str) -> dict[str, str]:
        """One token of each kind; one that has run out is replaced by a fresh one."""
        with self._lock:
            kept = {kind: self._kept(sid, kind) for kind in KINDS}
            found = {kind: token or self._issue(sid, kind) for kind, token in kept.items()}
            if None in kept.values():
                self._save()
        return found

    def _kept(self, sid: str, kind: str) -> str | None:
        token = self._issued.get(f"{sid} {kind}")
        if token is None:
            return None
        claims = jwt.decode(token, options={"verify_signature": False})
        is_over = claims["exp"] <= now().timestamp() and kind != "expired"
        return None if is_over or claims["id"] in self._revoked else token

    def _issue(self, sid: str, kind: str) -> str:
        token = self.issue(sid, KINDS[kind])
        self._issued[f"{sid} {kind}"] = token
        return token

    def issue(self, sid: str, kind: Kind) -> str:
        claims: dict[str, Any] = {
            "acc": kind.account,
            "ent": 1,
            "exp": (moment_of(now()) + int(kind.days * DAY)) // SECOND,
            "id": str(uuid4()),
            "iid": int.from_bytes(sid.encode()[:4], "big"),
            "oid": int.from_bytes(sid.encode()[4:8], "big"),
            "s": sum(1 << scope for scope in kind.scopes) | kind.is_read_only << READ_ONLY,
            "sid": sid,
            "t": kind.account == TEST,
            "uid": int.from_bytes(sid.encode()[9:12], "big"),
        }
        if kind.account in (PERSONAL, SERVICE):
            claims["for"] = "self" if kind.account == PERSONAL else f"asid:{kind.service}"
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "20260901v1"})

    def check(self, header: str) -> Claims:
        """Raises TokenProblem with the text that goes into `detail`."""
        token = header.removeprefix("Bearer ").strip()
        if not token:
            raise TokenProblem("empty Authorization header")
        try:
            claims = jwt.decode(
                token, self._key.public_key(), algorithms=["ES256"], options={"verify_exp": False, "verify_aud": False}
            )
        except jwt.InvalidSignatureError:
            raise TokenProblem("token problem; token is unverifiable: signature is invalid") from None
        except jwt.InvalidTokenError as problem:
            raise TokenProblem(f"token problem; token is malformed: {problem}") from None
        if claims["exp"] <= now().timestamp():
            raise TokenProblem("token expired")
        if claims["id"] in self._revoked:
            raise TokenProblem("token problem; token withdrawn")
        return Claims(
            claims["id"], claims["sid"], claims["acc"], claims["s"], claims.get("for", "").removeprefix("asid:")
        )

    # What an owner may do

    def revoke(self, token: str) -> None:
        try:
            number = str(jwt.decode(token, options={"verify_signature": False})["id"])
        except (jwt.InvalidTokenError, KeyError):
            raise Invalid("This is not a token of ours.") from None
        with self._lock:
            self._revoked.add(number)
            self._save()

    def delete_user(self, sid: str) -> None:
        """The person who made this seller's tokens is dismissed: every call is refused with 403."""
        with self._lock:
            self._deleted_users.add(sid)
            self._save()

    def restore_user(self, sid: str) -> None:
        with self._lock:
            self._deleted_users.discard(sid)
            self._save()

    def has_deleted_user(self, sid: str) -> bool:
        return sid in self._deleted_users

    # Service secrets

    def new_secret(self, *, days: float = VALID_DAYS) -> tuple[str, int]:
        secret, until = uuid4().hex + uuid4().hex, moment_of(now()) + int(days * DAY)
        with self._lock:
            self._secrets[secret] = until
            self._save()
        return secret, until

    def knows_secret(self, secret: str) -> bool:
        return self._secrets.get(secret, 0) > moment_of(now())

    def _save(self) -> None:
        kept = {
            "issued": self._issued,
            "revoked": sorted(self._revoked),
            "deleted_users": sorted(self._deleted_users),
            "secrets": self._secrets,
        }
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(self._file)


def _key_in(folder: Path) -> ec.EllipticCurvePrivateKey:
    file = folder / "key.pem"
    if not file.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(pem)
        file.chmod(0o600)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
