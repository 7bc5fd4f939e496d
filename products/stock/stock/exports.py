"""The product table as a file: text stays text, and no cell becomes a formula."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, time
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import xlsxwriter
from sqlalchemy.ext.asyncio import AsyncSession

from stock.listing import CURRENCY, ProductView, Wanted, levels_of, products_after
from verf.kit import now
from verf.web import _

# Small enough that the other requests of this process hardly notice a big export.
BATCH = 100
# A spreadsheet runs a cell that begins with one of these.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"
CHUNK = 64 * 1024


def headings() -> list[str]:
    return [
        _("WB article"),
        _("Seller's article"),
        _("Title"),
        _("Brand"),
        _("Category"),
        _("Size"),
        _("Barcode"),
        _("Warehouse"),
        _("In stock"),
        _("On the way to clients"),
        _("On the way back"),
        _("Price, %(currency)s", currency=CURRENCY),
        _("Orders a day"),
        _("Days of cover"),
        _("Runs out on"),
        _("Order by"),
        _("Order quantity"),
        _("Lost sales in 28 days, %(currency)s", currency=CURRENCY),
        _("Class"),
    ]


def harmless(text: str) -> str:
    return f"'{text}" if text.startswith(DANGEROUS) else text


async def rows_of(session: AsyncSession, wanted: Wanted) -> AsyncIterator[list[Any]]:
    """A row for each size and warehouse, a batch of products in memory at a time."""
    after = None
    while products := await products_after(session, wanted, after=after, limit=BATCH):
        followed = [product for product in products if product.is_followed]
        levels = await levels_of(session, [product.id for product in followed])
        for product in followed:
            for level in levels.get(product.id, ()):
                yield [
                    str(product.nm_id),
                    product.vendor_code,
                    product.title,
                    product.brand,
                    product.subject,
                    level.size,
                    ", ".join(level.barcodes),
                    level.warehouse,
                    level.quantity,
                    level.to_client,
                    level.from_client,
                    level.price_minor / 100,
                    *_outlook(product),
                ]
        after = products[-1].id


def _outlook(product: ProductView) -> Iterable[Any]:
    return (
        round(product.per_day, 2),
        None if product.days_of_cover is None else round(product.days_of_cover, 1),
        product.runs_out,
        product.reorder_by if product.reorder_quantity else None,
        product.reorder_quantity,
        round(product.lost_minor / 100, 2),
        product.revenue_class + product.steadiness_class,
    )


async def csv_of(session: AsyncSession, wanted: Wanted) -> AsyncIterator[bytes]:
    """UTF-8 with a byte order mark, so that Excel reads Cyrillic; semicolons never needed, quotes where they are."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow(headings())
    async for row in rows_of(session, wanted):
        writer.writerow([_csv(value) for value in row])
        if buffer.tell() > CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def _csv(value: Any) -> Any:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else value


def _taken(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return content


async def xlsx_of(session: AsyncSession, wanted: Wanted) -> AsyncIterator[bytes]:
    """Written row by row to a file on disk, then sent in pieces: memory does not grow with the shop."""
    with SpooledTemporaryFile(max_size=4 * 1024 * 1024) as file:
        await _write(file, session, wanted)
        file.seek(0)
        while part := file.read(CHUNK):
            yield part


async def _write(file: IO[bytes], session: AsyncSession, wanted: Wanted) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"title": "Stock", "created": now().replace(tzinfo=None)})
    sheet = book.add_worksheet(_("Stock"))
    bold = book.add_format({"bold": True, "bg_color": "#EEF2FF", "border": 1, "border_color": "#C7D2FE"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 1, 16)
    sheet.set_column(2, 2, 40)
    sheet.set_column(3, 18, 15)
    sheet.write_row(0, 0, headings(), bold)
    number = 0
    async for row in rows_of(session, wanted):
        number += 1
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, value)
            elif isinstance(value, date):
                sheet.write_datetime(number, column, datetime.combine(value, time()), day)
            elif value is not None:
                sheet.write_number(number, column, value)
    sheet.autofilter(0, 0, max(number, 1), len(headings()) - 1)
    # Packing a big workbook takes a second of pure computing.
    await asyncio.to_thread(book.close)
