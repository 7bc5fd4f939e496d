"""Wata (https://api.wata.pro/en/): payment links for cards, SBP, T-Pay and SberPay; prepaid periods."""

from verf.billing.providers.wata.adapter import Wata
from verf.billing.providers.wata.settings import WataSettings
from verf.billing.providers.wata.tokens import wata_token_lasts

__all__ = ["Wata", "WataSettings", "wata_token_lasts"]
