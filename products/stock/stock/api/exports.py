from collections.abc import AsyncIterator, Callable
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from stock.api.counting import counted
from stock.api.products import Filters
from stock.exports import csv_of, xlsx_of
from stock.listing import Wanted
from stock.wildberries import moscow_day
from verf.database import transaction
from verf.kit import now
from verf.organisations import CurrentTenant
from verf.web import locale, problem_responses, speak

router = APIRouter(
    prefix="/api/v1/stock",
    tags=["stock"],
    responses=problem_responses(401, 402, 403, 429),
    dependencies=[Depends(counted)],
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Writer = Callable[[AsyncSession, Wanted], AsyncIterator[bytes]]


@router.get("/export.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
async def export_csv(tenant: CurrentTenant, wanted: Filters) -> StreamingResponse:
    """One row for each size and warehouse, with the filters of the product list."""
    return _streamed(tenant.organisation, wanted, csv_of, "text/csv; charset=utf-8", "csv")


@router.get("/export.xlsx", response_class=StreamingResponse, responses={200: {"content": {XLSX: {}}}})
async def export_xlsx(tenant: CurrentTenant, wanted: Filters) -> StreamingResponse:
    """The same as a workbook."""
    return _streamed(tenant.organisation, wanted, xlsx_of, XLSX, "xlsx")


def _streamed(organisation: UUID, wanted: Wanted, write: Writer, kind: str, ending: str) -> StreamingResponse:
    name = f"stock-{moscow_day(now())}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(_parts(organisation, wanted, write, locale()), media_type=kind, headers=headers)


async def _parts(organisation: UUID, wanted: Wanted, write: Writer, language: str) -> AsyncIterator[bytes]:
    """One transaction for the whole file; it is read while the answer is on its way."""
    speak(language)
    async with transaction(organisation=organisation) as session:
        async for part in write(session, wanted):
            yield part
