"""Wildberries, spoken to in its own terms: tokens, limits, answers, rows. Knows nothing of our tables."""

from stock.wildberries.answers import (
    Busy,
    Gone,
    MarketError,
    PaymentRequired,
    Rejected,
    ScopeMissing,
    TokenRefused,
    TooSoon,
    Trouble,
)
from stock.wildberries.limits import Bucket, Group, bucket_of
from stock.wildberries.market import Answer, Market, open_market
from stock.wildberries.moments import moscow_day, moscow_moment, moscow_text
from stock.wildberries.tokens import SellerToken, TokenKind, Verdict, decode, fingerprint, judge

__all__ = [
    "Answer",
    "Bucket",
    "Busy",
    "Gone",
    "Group",
    "Market",
    "MarketError",
    "PaymentRequired",
    "Rejected",
    "ScopeMissing",
    "SellerToken",
    "TokenKind",
    "TokenRefused",
    "TooSoon",
    "Trouble",
    "Verdict",
    "bucket_of",
    "decode",
    "fingerprint",
    "judge",
    "moscow_day",
    "moscow_moment",
    "moscow_text",
    "open_market",
]
