"""RSA over the raw bytes, with a key that is fetched once and once more when it does not fit."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from fastapi import FastAPI, HTTPException
from pydantic import SecretStr

from verf.billing.providers.events import Forged, Malformed, ProviderUnreachable
from verf.billing.providers.wata import Wata, WataSettings
from verf.kit import advance, set_offset
from verf.outbound import use_transport

VECTOR = json.loads((Path(__file__).parents[2] / "data/wata-signature-vector.json").read_text())
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS1 = serialization.PublicFormat.PKCS1


class Signer:
    """Wata's side: a key that can change, and how often it was asked for."""

    def __init__(self):
        self.asked = 0
        self.fails = False
        self.format = SPKI
        self.pem = ""
        self.renew()
        self.app = FastAPI()
        self.app.get("/api/h2h/public-key")(self._answer)

    def renew(self):
        self.key = rsa.generate_private_key(65537, 2048)

    def sign(self, body):
        return base64.b64encode(self.key.sign(body, padding.PKCS1v15(), hashes.SHA512())).decode()

    async def _answer(self):
        self.asked += 1
        if self.fails:
            raise HTTPException(503)
        public = self.key.public_key().public_bytes(serialization.Encoding.PEM, self.format).decode()
        return {"value": self.pem or public}


@pytest.fixture
def signer():
    signer = Signer()
    with use_transport("wata", httpx.ASGITransport(signer.app)):
        yield signer
    set_offset(timedelta())


@pytest.fixture
def terminal():
    return Wata(WataSettings(token=SecretStr("x"), terminal="t", url="http://wata.test/api/h2h"))


BODY = VECTOR["raw_body"].encode()


async def test_the_saved_vector_verifies_and_its_tampered_twin_does_not(signer, terminal):
    signer.pem = VECTOR["public_key_response"]["value"]
    event = await terminal.verify({"x-signature": VECTOR["x_signature"]}, BODY, sender="")
    assert event.kind == "payment.paid"
    with pytest.raises(Forged):
        await terminal.verify({"x-signature": VECTOR["x_signature"]}, VECTOR["tampered_body"].encode(), sender="")


@pytest.mark.parametrize("kind", [SPKI, PKCS1])
async def test_both_kinds_of_pem_are_taken(signer, terminal, kind):
    signer.format = kind
    assert await terminal.verify({"x-signature": signer.sign(BODY)}, BODY, sender="")


async def test_pkcs1_under_the_wrong_heading_is_taken(signer, terminal):
    pem = signer.key.public_key().public_bytes(serialization.Encoding.PEM, PKCS1).decode()
    signer.pem = pem.replace("RSA PUBLIC KEY", "PUBLIC KEY")
    assert await terminal.verify({"x-signature": signer.sign(BODY)}, BODY, sender="")


async def test_the_key_is_fetched_once(signer, terminal):
    for _ in range(3):
        await terminal.verify({"x-signature": signer.sign(BODY)}, BODY, sender="")
    assert signer.asked == 1


async def test_a_changed_key_is_fetched_anew(signer, terminal):
    await terminal.verify({"x-signature": signer.sign(BODY)}, BODY, sender="")
    signer.renew()
    advance(timedelta(minutes=2))
    assert await terminal.verify({"x-signature": signer.sign(BODY)}, BODY, sender="")
    assert signer.asked == 2


async def test_forgers_do_not_make_us_ask_for_the_key_each_time(signer, terminal):
    good = {"x-signature": signer.sign(BODY)}
    await terminal.verify(good, BODY, sender="")
    advance(timedelta(minutes=2))
    for _ in range(5):
        with pytest.raises(Forged):
            await terminal.verify({"x-signature": base64.b64encode(b"x" * 256).decode()}, BODY, sender="")
    assert signer.asked == 2
    assert await terminal.verify(good, BODY, sender="")


@pytest.mark.parametrize("signature", ["", "not base64!", "AAAA", base64.b64encode(b"x" * 256).decode()])
async def test_signatures_that_are_none_are_forged(signer, terminal, signature):
    with pytest.raises(Forged):
        await terminal.verify({"x-signature": signature}, BODY, sender="")
    with pytest.raises(Forged):
        await terminal.verify({}, BODY, sender="")


@pytest.mark.parametrize("said", [b"{", b"[]", b"{}", b'{"kind":1}', b"[" * 100_000])
async def test_signed_nonsense_is_malformed(signer, terminal, said):
    with pytest.raises(Malformed):
        await terminal.verify({"x-signature": signer.sign(said)}, said, sender="")


EC = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(serialization.Encoding.PEM, SPKI).decode()


@pytest.mark.parametrize("pem", [EC, "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
async def test_a_key_that_is_none_leaves_us_in_the_dark(signer, terminal, pem):
    signer.pem = pem
    with pytest.raises(ProviderUnreachable):
        await terminal.verify({"x-signature": signer.sign(BODY)}, BODY, sender="")


async def test_while_the_key_cannot_be_had_it_is_asked_for_once_in_a_while(signer, terminal):
    signer.fails = True
    for _ in range(20):
        with pytest.raises(ProviderUnreachable):
            await terminal.verify({"x-signature": base64.b64encode(b"x" * 256).decode()}, BODY, sender="")
    asked = signer.asked
    signer.fails = False
    advance(timedelta(seconds=20))
    assert await terminal.verify({"x-signature": signer.sign(BODY)}, BODY, sender="")
    assert signer.asked == asked + 1
    # One try, however often it is repeated within itself.
    assert asked <= 4
