"""Totals as Paddle writes them: strings of minor units, taxes inside or on top, its own fee."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from verf.sandbox.payments.store import Document

TAXES = {"US": "0.08875", "GB": "0.2", "DE": "0.19", "FR": "0.2", "IE": "0.23", "NL": "0.21", "JP": "0.1", "KZ": "0.12"}
# Where prices are shown with taxes when they say "location".
INSIDE = frozenset({"GB", "DE", "FR", "IE", "NL", "JP"})
FEE_SHARE, FEE_FIXED = Decimal("0.05"), 50


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a transaction. `share` is (left, whole) of its period when it is not sold for all of it."""

    item: str
    price: Document
    product: Document
    quantity: int
    share: tuple[int, int] = (1, 1)
    period: Document | None = None
    discount: int = 0

    @property
    def gross(self) -> int:
        left, whole = self.share
        return rounded(Decimal(int(self.price["unit_price"]["amount"]) * self.quantity * left) / whole)

    @property
    def rate(self) -> str:
        return trimmed(Decimal(self.share[0]) / self.share[1])


@dataclass(frozen=True, kw_only=True)
class Sum:
    subtotal: int = 0
    discount: int = 0
    tax: int = 0
    total: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(
            subtotal=self.subtotal + other.subtotal,
            discount=self.discount + other.discount,
            tax=self.tax + other.tax,
            total=self.total + other.total,
        )

    def written(self) -> Document:
        return {name: str(getattr(self, name)) for name in ("subtotal", "discount", "tax", "total")}


@dataclass(frozen=True, kw_only=True)
class Bill:
    """Lines with their sums; `credit` is taken off, what is too much of it goes to the customer's balance."""

    currency: str
    lines: tuple[Line, ...]
    sums: tuple[Sum, ...]
    tax_rate: str
    credit: int = 0
    to_balance: int = 0
    from_balance: int = 0
    total: Sum = field(default_factory=Sum)

    @property
    def grand(self) -> int:
        return self.total.total - self.credit


def bill(
    lines: list[Line], currency: str, country: str, *, credit: int = 0, balance: int = 0, is_trial: bool = False
) -> Bill:
    """`credit` for what was paid and not used, `balance` what the customer has left from before."""
    rate = TAXES.get(country, "0")
    sums = [Sum() if is_trial else _sum(line, rate, country) for line in lines]
    total = sum(sums, Sum())
    used = min(credit + balance, total.total)
    return Bill(
        currency=currency,
        lines=tuple(lines),
        sums=tuple(sums),
        tax_rate=rate,
        credit=used,
        to_balance=max(0, credit - total.total),
        from_balance=max(0, used - credit),
        total=total,
    )


def _sum(line: Line, rate: str, country: str) -> Sum:
    gross, share = line.gross, Decimal(rate)
    mode = line.price["tax_mode"]
    if mode == "internal" or (mode == "location" and country in INSIDE):
        total = gross - line.discount
        net, off = rounded(total / (1 + share)), rounded(line.discount / (1 + share))
        return Sum(subtotal=net + off, discount=off, tax=total - net, total=total)
    tax = rounded((gross - line.discount) * share)
    return Sum(subtotal=gross, discount=line.discount, tax=tax, total=gross - line.discount + tax)


def details_of(bill: Bill, *, is_paid: bool, is_kept: bool = True) -> Document:
    """Of a transaction that is kept, or of a preview, whose lines have no ids."""
    totals = _totals(bill, is_paid=is_paid)
    details: Document = {
        "tax_rates_used": [{"tax_rate": bill.tax_rate, "totals": bill.total.written()}],
        "totals": totals,
        "line_items": [
            _line(line, each, bill, is_kept=is_kept) for line, each in zip(bill.lines, bill.sums, strict=True)
        ],
    }
    if is_kept:
        details |= {
            "adjusted_totals": _adjusted(totals, bill),
            "payout_totals": {**totals, "exchange_rate": "1", "fee_rate": "0"} if is_paid else None,
            "adjusted_payout_totals": None,
        }
    else:
        totals["exchange_rate"] = "1"
    return details


def _totals(bill: Bill, *, is_paid: bool) -> Document:
    fee = fee_of(bill.grand)
    tax = rounded(Decimal(bill.total.tax * bill.grand) / bill.total.total) if bill.total.total else 0
    return {
        **bill.total.written(),
        "grand_total": str(bill.grand),
        "fee": str(fee) if is_paid else None,
        "credit": str(bill.credit),
        "credit_to_balance": str(bill.to_balance),
        "balance": "0" if is_paid else str(bill.grand),
        "earnings": str(bill.grand - tax - fee) if is_paid else None,
        "currency_code": bill.currency,
        "grand_total_tax": str(tax),
    }


def _adjusted(totals: Document, bill: Bill) -> Document:
    return {
        "subtotal": str(bill.total.subtotal - bill.total.discount),
        "tax": totals["tax"],
        "total": totals["total"],
        "grand_total": totals["grand_total"],
        "fee": totals["fee"] or "0",
        "earnings": totals["earnings"] or "0",
        "currency_code": bill.currency,
        "retained_fee": "0",
        "grand_total_tax": totals["grand_total_tax"],
    }


def _line(line: Line, each: Sum, bill: Bill, *, is_kept: bool) -> Document:
    quantity = max(line.quantity, 1)
    written: Document = {
        "id": line.item,
        "price_id": line.price["id"],
        "quantity": line.quantity,
        "totals": each.written(),
        "product": line.product,
        "tax_rate": bill.tax_rate,
        "unit_totals": {name: str(int(value) // quantity) for name, value in each.written().items()},
        "proration": {"rate": line.rate, "billing_period": line.period} if line.period else None,
    }
    if not is_kept:
        del written["id"]
    return written


def fee_of(grand: int) -> int:
    return rounded(grand * FEE_SHARE) + FEE_FIXED if grand > 0 else 0


def rounded(amount: Any) -> int:
    return int(Decimal(amount).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def trimmed(share: Decimal) -> str:
    return format(share.quantize(Decimal("0.00001")).normalize(), "f")
