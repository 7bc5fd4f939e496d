from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from verf.billing import casebook, words
from verf.billing.customers import names_of
from verf.billing.ledger import unbalanced
from verf.billing.providers.registry import enabled
from verf.database import transaction
from verf.identity import staff
from verf.kit import Money
from verf.web import Table, page

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("support"))])


def table_of(request: Request, **filters: Sequence[str]) -> Table:
    providers = [source.name for source in enabled()]
    return Table.read(
        request, sort=("at",), default="-at", filters={**filters, "provider": [*providers, "house"]}, size=50
    )


def provider_options() -> list[tuple[str, str]]:
    return [(source.name, source.title) for source in enabled()]


@router.get("/subscriptions")
async def show_subscriptions(request: Request) -> Response:
    table = table_of(request, state=casebook.STATES)
    async with transaction(system="staff list of subscriptions") as session:
        rows, total = await casebook.subscriptions(session, table)
        names = await names_of(session, [row[0].organisation_id for row in rows])
    return await page(
        request,
        "billing/staff/subscriptions.html",
        table=table.of(total),
        rows=rows,
        names=names,
        states=casebook.STATES,
        providers=provider_options(),
        words=words,
        money=Money,
    )


@router.get("/payments")
async def show_payments(request: Request) -> Response:
    table = table_of(request, state=casebook.PAYMENT_STATES)
    async with transaction(system="staff list of payments") as session:
        rows, total = await casebook.payments(session, table)
        names = await names_of(session, [row.organisation_id for row in rows])
    return await page(
        request,
        "billing/staff/payments.html",
        table=table.of(total),
        rows=rows,
        names=names,
        states=casebook.PAYMENT_STATES,
        providers=provider_options(),
        words=words,
        money=Money,
    )


@router.get("/ledger")
async def show_ledger(request: Request) -> Response:
    """Each movement with both its sides, the balance of every account, and whether all of it sums to zero."""
    table = table_of(request, kind=casebook.LEDGER_KINDS)
    async with transaction(system="staff reads the ledger") as session:
        rows, total = await casebook.ledger(session, table)
        entries = await casebook.entries_of(session, [row.id for row in rows])
        names = await names_of(session, [row.organisation_id for row in rows])
        balances = await casebook.balances(session)
        wrong = await unbalanced(session)
    return await page(
        request,
        "billing/staff/ledger.html",
        table=table.of(total),
        rows=rows,
        entries=entries,
        names=names,
        balances=balances,
        wrong=wrong,
        kinds=casebook.LEDGER_KINDS,
        providers=provider_options(),
        words=words,
        money=Money,
    )
