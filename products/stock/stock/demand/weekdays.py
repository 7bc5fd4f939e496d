"""How a week is shaped: seven factors with a mean of one, Monday first."""

import numpy as np

from stock.demand.history import Floats

# As many orders as it takes before a shape is believed by half.
HALF_TRUST = 200.0


def weekday_profile(orders: Floats, in_stock: Floats, first_weekday: int) -> Floats:
    """One shape for the group of products, shrunk to a flat week while there are few orders.

    `first_weekday` is the weekday of the first column, Monday is 0.
    """
    weekday = (np.arange(orders.shape[1]) + first_weekday) % 7
    sold = np.array([orders[:, weekday == day].sum() for day in range(7)])
    open_days = np.array([in_stock[:, weekday == day].sum() for day in range(7)])
    rate = np.divide(sold, open_days, out=np.zeros(7), where=open_days > 0)
    if rate.mean() == 0 or (open_days == 0).any():
        return np.ones(7)
    shape = rate / rate.mean()
    trust = sold.sum() / (sold.sum() + HALF_TRUST)
    profile = trust * shape + (1 - trust)
    whole: Floats = profile / profile.mean()
    return whole
