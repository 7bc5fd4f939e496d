"""The tables of the tracker. Every row belongs to one organisation, except the rate windows of marketplaces."""

from stock.models.alerts import Alert, AlertRule
from stock.models.catalogue import Price, Product, Size, Warehouse
from stock.models.connections import Connection, Policy
from stock.models.levels import Doubt, StagedLevel, StockChange, StockLevel
from stock.models.outlooks import Day, ProductOutlook
from stock.models.runs import RateWindow, SyncCursor, SyncRun
from stock.models.trade import Order, Sale

__all__ = [
    "Alert",
    "AlertRule",
    "Connection",
    "Day",
    "Doubt",
    "Order",
    "Policy",
    "Price",
    "Product",
    "ProductOutlook",
    "RateWindow",
    "Sale",
    "Size",
    "StagedLevel",
    "StockChange",
    "StockLevel",
    "SyncCursor",
    "SyncRun",
    "Warehouse",
]
