"""What the tracker costs. Data only: nobody is billed yet."""

from verf.kit import Money
from verf.manifest import Plan

PLANS = (
    Plan(
        name="starter",
        price=Money(990, "USD"),
        period="month",
        grants=frozenset({"stock:products:100", "stock:sync-minutes:120", "stock:calls:1000"}),
    ),
    Plan(
        name="pro",
        price=Money(2_990, "USD"),
        period="month",
        grants=frozenset({"stock:products:1000", "stock:sync-minutes:30", "stock:calls:10000"}),
    ),
    Plan(
        name="enterprise",
        price=Money(9_990, "USD"),
        period="month",
        grants=frozenset({"stock:products:10000", "stock:sync-minutes:10", "stock:calls:100000"}),
    ),
)
