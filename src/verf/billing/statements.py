"""What an organisation has paid, newest first, with a receipt for each: the provider's own, or ours."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import Payment, PlanVersion, Price, Refund
from verf.billing.refunds import PaymentUnknown
from verf.billing.states import PaymentKind, PaymentState, RefundState
from verf.kit import Money
from verf.web import _, decode_cursor, encode_cursor


@dataclass(frozen=True, kw_only=True)
class PaymentLine:
    id: UUID
    product: str
    plan: str
    interval: str
    kind: PaymentKind
    state: PaymentState
    money: Money
    tax: Money
    refunded: Money
    occurred_at: datetime
    period_start: datetime | None
    period_end: datetime | None
    provider: str
    method: str
    number: str
    invoice_url: str
    receipt_url: str
    failure_code: str

    @property
    def receipt(self) -> str:
        """Where its document is: the provider's when there is one, else our page."""
        return self.invoice_url or self.receipt_url or f"/billing/receipts/{self.id}"

    @property
    def is_refunded(self) -> bool:
        return self.refunded.minor_units > 0


@dataclass(frozen=True, kw_only=True)
class RefundLine:
    id: UUID
    state: RefundState
    money: Money
    occurred_at: datetime
    reason: str


async def payments_of(
    session: AsyncSession, organisation: UUID, *, product: str = "", cursor: str = "", limit: int = 20
) -> tuple[list[PaymentLine], str]:
    """A page of them and the cursor of the next, empty at the end. What is only being tried is left out."""
    query = _lines().where(Payment.organisation_id == organisation, Payment.state != PaymentState.PENDING)
    if product:
        query = query.where(Payment.product == product)
    if cursor:
        query = query.where(tuple_(Payment.occurred_at, Payment.id) < decode_cursor(cursor, datetime, UUID))
    query = query.order_by(Payment.occurred_at.desc(), Payment.id.desc()).limit(limit + 1)
    rows = (await session.execute(query)).all()
    lines = [_line(*row) for row in rows[:limit]]
    following = encode_cursor(lines[-1].occurred_at, lines[-1].id) if len(rows) > limit else ""
    return lines, following


async def payment_of(session: AsyncSession, organisation: UUID, payment: UUID) -> tuple[PaymentLine, list[RefundLine]]:
    query = _lines().where(Payment.organisation_id == organisation, Payment.id == payment)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise PaymentUnknown(_("There is no such payment."))
    refunds = await session.scalars(select(Refund).where(Refund.payment_id == payment).order_by(Refund.occurred_at))
    return _line(*row), [_refund(refund) for refund in refunds]


def _lines() -> "Select[Payment, PlanVersion | None, Price | None]":
    return cast(
        "Select[Payment, PlanVersion | None, Price | None]",
        select(Payment, PlanVersion, Price)
        .outerjoin(Price, Price.id == Payment.price_id)
        .outerjoin(PlanVersion, PlanVersion.id == Price.plan_version_id),
    )


def _line(payment: Payment, plan: PlanVersion | None, price: Price | None) -> PaymentLine:
    return PaymentLine(
        id=payment.id,
        product=payment.product,
        plan=plan.title if plan else "",
        interval=price.interval if price else "",
        kind=PaymentKind(payment.kind),
        state=PaymentState(payment.state),
        money=Money(payment.amount, payment.currency),
        tax=Money(payment.tax, payment.currency),
        refunded=Money(payment.refunded, payment.currency),
        occurred_at=payment.occurred_at,
        period_start=payment.period_start,
        period_end=payment.period_end,
        provider=payment.provider,
        method=payment.method_title,
        number=payment.number,
        invoice_url=payment.invoice_url,
        receipt_url=payment.receipt_url,
        failure_code=payment.failure_code,
    )


def _refund(refund: Refund) -> RefundLine:
    return RefundLine(
        id=refund.id,
        state=RefundState(refund.state),
        money=Money(refund.amount, refund.currency),
        occurred_at=refund.occurred_at,
        reason=refund.reason,
    )
