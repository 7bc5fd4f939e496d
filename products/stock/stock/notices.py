"""What the tracker has to say by mail."""

from dataclasses import dataclass
from datetime import date

from verf.manifest import Notice


@dataclass(frozen=True)
class LowProduct:
    title: str
    vendor_code: str
    quantity: int
    days_of_cover: float | None
    url: str


@dataclass(frozen=True)
class LowStock:
    """All crossings of one sync, the most urgent first; `more` counts those that did not fit."""

    products: list[LowProduct]
    count: int
    more: int
    url: str


@dataclass(frozen=True)
class SyncFailed:
    shop: str
    url: str


@dataclass(frozen=True)
class TokenExpires:
    shop: str
    days: int
    ends: date
    url: str


LOW_STOCK = Notice(name="low_stock", data=LowStock)
SYNC_FAILED = Notice(name="sync_failed", data=SyncFailed, can_opt_out=False)
TOKEN_EXPIRES = Notice(name="token_expires", data=TokenExpires, can_opt_out=False)
NOTICES = (LOW_STOCK, SYNC_FAILED, TOKEN_EXPIRES)
