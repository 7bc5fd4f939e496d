"""Double entry, append only: every movement of money once, in accounts that sum to zero.

Debits are positive. `cash:<provider>` is what lies with the provider for us, `revenue:<product>` what we earned
(negative, for credits), `tax` what we owe the state, `fees` what the provider kept, `disputed` what it holds back,
`credit` what we owe customers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import LedgerEntry, LedgerTransaction, Payment
from verf.kit import Money, new_id, now

CREDIT = "credit"


@dataclass(frozen=True, kw_only=True)
class Movement:
    """`kind` and `ref` make it one: charge, refund, dispute_opened, dispute_won, dispute_lost, dispute_reversed, fee,
    credit_withdrawn, credit_restored, credit_returned"""

    kind: str
    ref: str
    occurred_at: datetime
    amounts: Mapping[str, int]


async def post(session: AsyncSession, payment: Payment, movement: Movement) -> bool:
    """Write the movement if it is not there yet; say whether it was new."""
    statement = (
        insert(LedgerTransaction)
        .values(
            id=new_id(),
            organisation_id=payment.organisation_id,
            product=payment.product,
            kind=movement.kind,
            provider=payment.provider,
            account=payment.account,
            is_live=payment.is_live,
            ref=movement.ref,
            payment_id=payment.id,
            occurred_at=movement.occurred_at,
            recorded_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(LedgerTransaction.id)
    )
    transaction = await session.scalar(statement)
    if transaction is None:
        return False
    session.add_all(
        LedgerEntry(
            organisation_id=payment.organisation_id,
            transaction_id=transaction,
            ledger=ledger,
            currency=payment.currency,
            amount=amount,
        )
        for ledger, amount in movement.amounts.items()
        if amount
    )
    await session.flush()
    return True


def charge(payment: Payment) -> Movement:
    """What is paid with credit was earned no less; what is left over, or paid of what was owed, was not earned now."""
    net = payment.amount + payment.credit - payment.tax
    amounts = {_cash(payment): payment.amount, CREDIT: payment.credit, _revenue(payment): -net, "tax": -payment.tax}
    return Movement(kind="charge", ref=payment.ref or str(payment.id), occurred_at=payment.occurred_at, amounts=amounts)


def fee(payment: Payment) -> Movement:
    amounts = {"fees": payment.fee, _cash(payment): -payment.fee}
    return Movement(kind="fee", ref=payment.ref or "", occurred_at=payment.occurred_at, amounts=amounts)


def credit(payment: Payment, ref: str, kind: str, amount: int, *, at: datetime) -> Movement:
    """To the customer's account, or from it when below zero; what is not theirs is ours."""
    return Movement(kind=kind, ref=ref, occurred_at=at, amounts={CREDIT: -amount, _revenue(payment): amount})


def refund(payment: Payment, ref: str, amount: int, *, before: int, at: datetime) -> Movement:
    """`before` was refunded already: the tax of all parts together is never more than the tax of the whole."""
    tax = tax_share(payment, before + amount) - tax_share(payment, before)
    amounts = {_cash(payment): -amount, _revenue(payment): amount - tax, "tax": tax}
    return Movement(kind="refund", ref=ref, occurred_at=at, amounts=amounts)


def dispute(payment: Payment, ref: str, state: str, amount: int, *, at: datetime) -> Movement:
    """Opened: the provider takes it back from us for now. Won: it comes again. Lost: it is gone. Reversed: what was
    lost has come again after all."""
    share = tax_share(payment, amount)
    sides = {
        "opened": {"disputed": amount, _cash(payment): -amount},
        "won": {"disputed": -amount, _cash(payment): amount},
        "lost": {
            "disputed": -amount,
            _revenue(payment): amount - share,
            "tax": share,
        },
        "reversed": {_cash(payment): amount, _revenue(payment): share - amount, "tax": -share},
    }
    return Movement(kind=f"dispute_{state}", ref=ref, occurred_at=at, amounts=sides[state])


def tax_share(payment: Payment, amount: int) -> int:
    if not payment.tax or not payment.amount:
        return 0
    return Money(payment.tax, payment.currency).share(amount, payment.amount).minor_units


async def unbalanced(session: AsyncSession) -> list[UUID]:
    """Transactions that do not sum to zero: always none, or somebody got past the database's own guard."""
    query = (
        select(LedgerEntry.transaction_id)
        .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
        .having(func.sum(LedgerEntry.amount) != 0)
    )
    return list(await session.scalars(query))


def _cash(payment: Payment) -> str:
    return f"cash:{payment.provider}"


def _revenue(payment: Payment) -> str:
    return f"revenue:{payment.product}"
