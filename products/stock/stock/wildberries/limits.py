"""How often Wildberries lets us ask: a bucket per seller, kind of token and group of methods."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from stock.wildberries.tokens import TokenKind


class Group(StrEnum):
    CARDS = "cards"
    PRICES = "prices"
    WB_STOCKS = "wb-stocks"
    REMAINS_CREATE = "remains-create"
    REMAINS_STATUS = "remains-status"
    REMAINS_DOWNLOAD = "remains-download"
    WAREHOUSES = "warehouses"
    SELLER_STOCKS = "seller-stocks"
    ORDERS = "orders"
    SALES = "sales"
    SELLER_INFO = "seller-info"
    PING = "ping"


@dataclass(frozen=True)
class Bucket:
    """One request every `interval`, after at most `burst` at once; a refused one (4XX) costs `refused`."""

    interval: timedelta
    burst: int = 1
    refused: int = 1


def _every(burst: int = 1, refused: int = 1, **interval: float) -> Bucket:
    return Bucket(timedelta(**interval), burst, refused)


FULL = {
    Group.CARDS: _every(milliseconds=600, burst=5),
    Group.PRICES: _every(milliseconds=600, burst=5),
    Group.WB_STOCKS: _every(seconds=20),
    Group.REMAINS_CREATE: _every(minutes=1, burst=5),
    Group.REMAINS_STATUS: _every(seconds=5, burst=5),
    Group.REMAINS_DOWNLOAD: _every(minutes=1),
    Group.WAREHOUSES: _every(milliseconds=200, burst=20, refused=10),
    Group.SELLER_STOCKS: _every(milliseconds=200, burst=20, refused=10),
    Group.ORDERS: _every(minutes=1, burst=10),
    Group.SALES: _every(minutes=1),
    Group.SELLER_INFO: _every(minutes=1, burst=10),
    Group.PING: _every(seconds=10, burst=3),
}
BASE = FULL | {
    Group.PRICES: _every(minutes=15),
    Group.REMAINS_CREATE: _every(minutes=15),
    Group.REMAINS_STATUS: _every(minutes=15),
    Group.REMAINS_DOWNLOAD: _every(minutes=15),
    Group.WAREHOUSES: _every(milliseconds=400, burst=10, refused=10),
    Group.SELLER_STOCKS: _every(milliseconds=400, burst=10, refused=10),
    Group.ORDERS: _every(hours=3),
    Group.SALES: _every(hours=2),
    Group.SELLER_INFO: _every(hours=24),
}


def bucket_of(kind: TokenKind, group: Group) -> Bucket:
    return (BASE if kind is TokenKind.BASE else FULL)[group]
