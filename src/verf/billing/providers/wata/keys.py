"""Wata's public key: fetched once, kept, fetched again when a signature does not fit, and not more often than that."""

import asyncio
import base64
import binascii
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_der_public_key

from verf.billing.providers.calls import reading
from verf.billing.providers.events import Forged, ProviderUnreachable
from verf.billing.providers.wata.wire import TITLE, Wire
from verf.kit import now
from verf.web import _

# Whoever sends forged webhooks must not make us call Wata for each.
AT_MOST_EVERY = timedelta(minutes=1)
# Nor, while Wata does not answer, wait for it with each.
SILENT_FOR = timedelta(seconds=15)


class Keyring:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._key: RSAPublicKey | None = None
        self._fetched_at: datetime | None = None
        self._silent_at: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def check(self, signature: str, body: bytes) -> None:
        """Forged, unless Wata has signed these bytes."""
        try:
            signed = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            raise Forged("the signature is not base64") from None
        key = self._key or await self._fetch(None)
        if fits(key, signed, body):
            return
        fresh = await self._fetch(key)
        if fresh is key or not fits(fresh, signed, body):
            raise Forged("the signature does not fit")

    async def _fetch(self, known: RSAPublicKey | None) -> RSAPublicKey:
        """The key as it is now, or the known one while it is too early to ask again."""
        async with self._one_at_a_time:
            if self._key is not None and (self._key is not known or self._is_fresh()):
                return self._key
            told = await self._ask()
            self._key = reading(TITLE, lambda answer: public_key(answer["value"]), told)
            self._fetched_at = now()
            return self._key

    async def _ask(self) -> Any:
        if self._silent_at is not None and abs(now() - self._silent_at) < SILENT_FOR:
            raise ProviderUnreachable(
                _("%(provider)s cannot be reached right now. Try again in a moment.", provider=TITLE)
            )
        try:
            return await self._wire.get("public-key")
        except ProviderUnreachable:
            self._silent_at = now()
            raise

    def _is_fresh(self) -> bool:
        return self._fetched_at is not None and abs(now() - self._fetched_at) < AT_MOST_EVERY


def public_key(pem: str) -> RSAPublicKey:
    """From either kind of PEM, whatever its first line says: a guide of Wata's tells of PKCS #1, the API sends SPKI."""
    inner = "".join(line for line in pem.strip().splitlines() if not line.startswith("-----"))
    key = load_der_public_key(base64.b64decode(inner))
    if not isinstance(key, RSAPublicKey):
        raise TypeError("not an RSA key")
    return key


def fits(key: RSAPublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(signature, body, PKCS1v15(), SHA512())
    except InvalidSignature:
        return False
    return True
