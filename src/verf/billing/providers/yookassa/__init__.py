"""YooKassa (https://yookassa.ru/developers): cards and wallets of Russia, receipts by 54-FZ, saved methods."""

from verf.billing.providers.yookassa.adapter import YooKassa
from verf.billing.providers.yookassa.settings import YooKassaSettings

__all__ = ["YooKassa", "YooKassaSettings"]
