"""ABC by money, XYZ by steadiness."""

import numpy as np

from stock.demand.history import Floats


def revenue_classes(revenue: Floats, *, a: float = 0.8, b: float = 0.95) -> list[str]:
    """A: the products that bring the first 80 % of the money; B: up to 95 %; C: the rest and all without sales."""
    total = revenue.sum()
    classes = np.full(revenue.shape[0], "C")
    if total <= 0:
        return [str(letter) for letter in classes]
    order = np.argsort(-revenue, kind="stable")
    before = np.cumsum(revenue[order]) - revenue[order]
    share = before / total
    classes[order] = np.where(share < a, "A", np.where(share < b, "B", "C"))
    classes[revenue <= 0] = "C"
    return [str(letter) for letter in classes]


def steadiness_classes(orders: Floats, in_stock: Floats, *, x: float = 0.5, y: float = 1.0) -> list[str]:
    """X, Y, Z by the variation of weekly demand per in-stock day; "" where fewer than four weeks say anything."""
    weeks = orders.shape[1] // 7
    if weeks == 0:
        return [""] * orders.shape[0]
    sold = orders[:, -weeks * 7 :].reshape(orders.shape[0], weeks, 7).sum(axis=2)
    open_days = in_stock[:, -weeks * 7 :].reshape(orders.shape[0], weeks, 7).sum(axis=2)
    rate = np.divide(sold, open_days, out=np.full(sold.shape, np.nan), where=open_days >= 1)
    usable = (~np.isnan(rate)).sum(axis=1)
    mean = np.nansum(rate, axis=1) / np.maximum(usable, 1)
    spread = np.sqrt(np.nansum((rate - mean[:, None]) ** 2, axis=1) / np.maximum(usable, 1))
    variation = np.divide(spread, mean, out=np.full_like(mean, np.inf), where=mean > 0)
    letters = np.where(variation <= x, "X", np.where(variation <= y, "Y", "Z"))
    return [str(letter) if count >= 4 else "" for letter, count in zip(letters, usable, strict=True)]
