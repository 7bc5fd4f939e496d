"""What a product's past says about its future. Pure rules on numbers: no database, no clock, no marketplace.

Arrays are products × days, the last column is yesterday; a day is a Moscow day.
"""

from stock.demand.classes import revenue_classes, steadiness_classes
from stock.demand.history import History, likely_in_stock
from stock.demand.lost import lost_units
from stock.demand.outlook import Outlook, Pipeline, Shelf, days_of_cover, run_out
from stock.demand.reorder import Policy, Reorder, reorder
from stock.demand.turnover import buyout_share, turnover_days
from stock.demand.velocity import Velocity, velocity
from stock.demand.weekdays import weekday_profile

__all__ = [
    "History",
    "Outlook",
    "Pipeline",
    "Policy",
    "Reorder",
    "Shelf",
    "Velocity",
    "buyout_share",
    "days_of_cover",
    "likely_in_stock",
    "lost_units",
    "reorder",
    "revenue_classes",
    "run_out",
    "steadiness_classes",
    "turnover_days",
    "velocity",
    "weekday_profile",
]
