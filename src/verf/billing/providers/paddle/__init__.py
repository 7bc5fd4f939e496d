"""Paddle Billing, a merchant of record: taxes, invoices and disputes are its own business, and we read them from it."""

from verf.billing.providers.paddle.adapter import Paddle
from verf.billing.providers.paddle.payment_page import SCRIPT, PaymentPage, payment_page
from verf.billing.providers.paddle.settings import PaddleSettings, connection

__all__ = ["SCRIPT", "Paddle", "PaddleSettings", "PaymentPage", "connection", "payment_page"]
