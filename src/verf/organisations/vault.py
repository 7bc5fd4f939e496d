"""The vault: secrets of other people's services, encrypted with keys that can be changed, never shown again.

VERF_VAULT_KEYS lists Fernet keys, newest first: the first encrypts, all decrypt. After adding a key run `rotate_vault`,
then drop the old one. The sandbox makes a key of its own and keeps it in its data folder.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from functools import cache
from hashlib import sha256
from typing import NewType
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.errors import NotFound, Unavailable
from verf.kit import new_id, now
from verf.organisations.models import CredentialRow
from verf.settings import House, SecretMissing, Section, kept_secret, load, secret
from verf.web import _

CredentialId = NewType("CredentialId", UUID)


class VaultSettings(Section, env_prefix="VERF_VAULT_"):
    keys: SecretStr = SecretStr("")


class VaultLocked(Unavailable):
    """None of the keys we have opens this secret. It has to be entered again, or the old key put back."""


async def keep_secret(session: AsyncSession, organisation: UUID, kind: str, value: str | bytes) -> CredentialId:
    plain = value.decode() if isinstance(value, bytes) else value
    row = CredentialRow(
        id=new_id(),
        organisation_id=organisation,
        kind=kind,
        key_id=key_id(_keys()[0]),
        fingerprint=fingerprint(kind, plain),
        created_at=now(),
    )
    # The row's id inside the ciphertext: a sealed value moved to another row does not open.
    row.sealed = _ring().encrypt(json.dumps({"id": str(row.id), "value": plain}).encode())
    session.add(row)
    await session.flush()
    await record(session, "system", "organisations.secret-kept", f"credential:{row.id}", after={"kind": kind})
    return CredentialId(row.id)


async def reveal(session: AsyncSession, credential: UUID) -> str:
    """Only to call the service it belongs to. Sees the secrets of the session's own organisation."""
    row = await session.get(CredentialRow, credential)
    if row is None:
        raise NotFound(_("There is no such credential."))
    return _open(row)


async def forget(session: AsyncSession, credential: UUID) -> None:
    await session.execute(delete(CredentialRow).where(CredentialRow.id == credential))
    await record(session, "system", "organisations.secret-forgotten", f"credential:{credential}")


async def rotate_vault(session: AsyncSession, *, at_most: int = 500) -> int:
    """Encrypt secrets of older keys with the newest; say how many. Again until it says 0. Needs the system scope."""
    newest = key_id(_keys()[0])
    query = select(CredentialRow).where(CredentialRow.key_id != newest).order_by(CredentialRow.id)
    rows = (await session.scalars(query.limit(at_most).with_for_update(skip_locked=True))).all()
    for row in rows:
        row.sealed = _ring().rotate(row.sealed)
        row.key_id = newest
    await session.flush()
    return len(rows)


def fingerprint(kind: str, value: str) -> bytes:
    """To see that a secret is known already, without opening any."""
    return hmac.new(secret("vault fingerprints"), f"{kind}\0{value}".encode(), sha256).digest()


async def vault_has_keys() -> None:
    """A readiness check."""
    _ring()


def key_id(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:12]


def _open(row: CredentialRow) -> str:
    try:
        opened = json.loads(_ring().decrypt(row.sealed))
    except InvalidToken as problem:
        raise VaultLocked(_("This token cannot be read any more. Enter it again.")) from problem
    if opened["id"] != str(row.id):
        raise VaultLocked(_("This token cannot be read any more. Enter it again."))
    return str(opened["value"])


def _ring() -> MultiFernet:
    return _made(_keys())


@cache
def _made(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _keys() -> tuple[str, ...]:
    given = load(VaultSettings).keys.get_secret_value().replace(",", " ").split()
    if given:
        return tuple(given)
    house = load(House)
    if not house.is_sandbox:
        raise SecretMissing("Set VERF_VAULT_KEYS to a Fernet key: verf.organisations.vault says how keys are changed.")
    return (_sandbox_key(house),)


@cache
def _sandbox_key(house: House) -> str:
    kept = kept_secret(house.data / "secrets" / "vault")
    return urlsafe_b64encode(sha256(kept).digest()).decode()
