"""Paddle Billing, a merchant of record: taxes, invoices and disputes are its own business, and we read them from it."""

from verf.billing.providers.paddle.adapter import Paddle
from verf.billing.providers.paddle.settings import PaddleSettings, connection

__all__ = ["Paddle", "PaddleSettings", "connection"]
