"""The RSA key that signs webhooks: made for each sandbox, kept, and changed when a tester says so."""

import base64
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from verf.sandbox.payments.store import Store


class Keys:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._loaded: tuple[str, RSAPrivateKey] | None = None

    def public(self) -> str:
        key = self._private().public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def rotate(self) -> str:
        """What waits to be delivered is signed with the new key."""
        self._make()
        return self.public()

    def sign(self, body: bytes, _at: datetime) -> Mapping[str, str]:
        return {"X-Signature": base64.b64encode(self._private().sign(body, PKCS1v15(), SHA512())).decode()}

    def _private(self) -> RSAPrivateKey:
        kept = self._store.get("key", "webhooks")
        pem = str(kept["pem"]) if kept else self._make()
        if self._loaded is None or self._loaded[0] != pem:
            key = load_pem_private_key(pem.encode(), password=None)
            assert isinstance(key, RSAPrivateKey)
            self._loaded = (pem, key)
        return self._loaded[1]

    def _make(self) -> str:
        key = generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self._store.put("key", "webhooks", {"pem": pem})
        return pem
