"""How much of what is ordered is kept, and how long goods lie before they are sold."""

import numpy as np

from stock.demand.history import SLOWEST, Floats

# As many old orders as it takes before a product's own buy-out is believed by half.
HALF_TRUST = 20.0
# Believed while a shop has no settled orders at all.
USUAL_BUYOUT = 0.9


def buyout_share(orders: Floats, bought: Floats) -> Floats:
    """Share of settled orders that were kept, each product shrunk to the mean of the group, never below 5 %."""
    total = float(orders.sum())
    mean = float(bought.sum()) / total if total > 0 else USUAL_BUYOUT
    share = (bought + HALF_TRUST * mean) / (orders + HALF_TRUST)
    return np.clip(share, 0.05, 1.0)


def turnover_days(average_stock: Floats, sold_per_day: Floats) -> Floats:
    """Average stock of the period divided by net sales a day; infinity when nothing was sold."""
    days: Floats = np.divide(
        average_stock, sold_per_day, out=np.full_like(average_stock, np.inf), where=sold_per_day > SLOWEST
    )
    return days
