"""Chance that can be repeated: with the same seed and the same calls, the same things happen."""

import secrets
from random import Random

from verf.sandbox.payments.store import Store

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Dice:
    """Each purpose is a row of throws of its own, so that one more of one kind changes no other.

    A new folder has a seed of its own: identifiers never meet those of a world that was thrown away.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        if store.get("dice", "seed") is None:
            self.sow_anew()

    @property
    def seed(self) -> str:
        return str((self._store.get("dice", "seed") or {})["value"])

    def sow(self, seed: str) -> None:
        self._store.put("dice", "seed", {"value": seed})

    def sow_anew(self) -> None:
        self.sow(secrets.token_hex(8))
        self._store.flush()

    def throw(self, purpose: str) -> Random:
        """A fresh source for one decision."""
        number = self._store.count(f"dice {purpose}")
        return Random(f"{self.seed} {purpose} {number}")  # noqa: S311 - a toy world, not a secret

    def happens(self, purpose: str, rate: float) -> bool:
        return rate >= 1 or (rate > 0 and self.throw(purpose).random() < rate)

    def token(self, length: int, alphabet: str = ALPHABET) -> str:
        return "".join(self.throw("token").choices(alphabet, k=length))

    def hex(self, length: int) -> str:
        return self.token(length, "0123456789abcdef")

    def uuid(self) -> str:
        digits = self.hex(32)
        groups = (digits[:8], digits[8:12], f"4{digits[13:16]}", f"a{digits[17:20]}", digits[20:])
        return "-".join(groups)
