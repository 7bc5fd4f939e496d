"""Steps "cards" and "prices"."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stock.listing import count_products
from stock.models import Price, Product, Size
from stock.permits import product_limit
from stock.sync.visit import Visit
from stock.wildberries import Group, Trouble
from stock.wildberries.rows import Card, count_goods, read_cards, read_prices, whole
from verf.database import upsert

CARD = ("vendor_code", "title", "brand", "subject", "photo", "listed_at")


async def read_all_cards(visit: Visit) -> None:
    """Walk the cards from the oldest change on; the next run goes on where this one ended.

    Ascending, so that a card edited during the walk moves behind us and is met again, never missed.
    """
    cursor: dict[str, Any] = visit.place.get("cursor") or (await visit.cursor()).watermark
    limit = visit.wildberries.cards_page
    while True:
        answer = await visit.ask(Group.CARDS, lambda market: market.cards(cursor, limit))
        cards = read_cards(answer.body)
        told = answer.body.get("cursor") if isinstance(answer.body, dict) else None
        if not isinstance(told, dict):
            raise Trouble("Wildberries sent cards without a place to go on from.")
        last = whole(told.get("total")) < limit or not cards
        following = {"updatedAt": told.get("updatedAt"), "nmID": told.get("nmID")} if cards else cursor
        if following == cursor and not last:
            raise Trouble("Wildberries repeats the same page of cards.")
        async with visit.writing() as session:
            await _save_cards(session, visit, cards)
            visit.place["cursor"] = cursor = following
            await visit.move_cursor(session, following, completed=last)
            if last:
                await _mention_the_limit(session, visit)
                visit.state["state"] = "ok"
        visit.check()
        if last:
            return


async def _mention_the_limit(session: AsyncSession, visit: Visit) -> None:
    """Everything is kept; what is beyond the plan is not followed, and the run says so."""
    limit = await product_limit(session, visit.shop.organisation)
    beyond = await count_products(session, visit.shop.organisation) - limit
    if beyond > 0:
        visit.state.update(note="over-limit", limit=limit, over_limit=beyond)


async def _save_cards(session: AsyncSession, visit: Visit, cards: list[Card]) -> None:
    connection = visit.shop.connection
    kept = await _within_limit(session, visit, cards)
    moved = await upsert(
        session,
        Product,
        [
            (
                connection,
                card.nm_id,
                card.vendor_code,
                card.title,
                card.brand,
                card.subject,
                card.photo,
                card.created_at,
            )
            for card in kept
        ],
        columns=("connection_id", "nm_id", *CARD),
        by=("connection_id", "nm_id"),
        changed=CARD,
    )
    await upsert(
        session,
        Size,
        [
            (connection, size.chrt_id, card.nm_id, size.name, list(size.barcodes))
            for card in kept
            for size in card.sizes
        ],
        columns=("connection_id", "chrt_id", "nm_id", "name", "barcodes"),
        by=("connection_id", "chrt_id"),
        changed=("nm_id", "name", "barcodes"),
    )
    visit.count(done=len(cards), changed=len(moved), new=sum(1 for move in moved if move.before is None))


async def _within_limit(session: AsyncSession, visit: Visit, cards: list[Card]) -> list[Card]:
    query = select(Product.nm_id).where(Product.connection_id == visit.shop.connection)
    numbers = [card.nm_id for card in cards]
    known = set(await session.scalars(query.where(Product.nm_id.in_(numbers))))
    count = await session.scalar(
        select(func.count()).select_from(Product).where(Product.connection_id == visit.shop.connection)
    )
    room = max(visit.stock.product_limit - int(count or 0), 0)
    kept = [card for card in cards if card.nm_id in known]
    new = {card.nm_id: card for card in cards if card.nm_id not in known}
    kept += list(new.values())[:room]
    if len(new) > room:
        visit.count(over_limit=len(new) - room)
        visit.state.update(note="over-limit", limit=visit.stock.product_limit)
    return kept


async def read_all_prices(visit: Visit) -> None:
    """Page by page until an empty one. An offset may shift under our feet; the next run sees what this one missed."""
    limit = visit.wildberries.prices_page
    offset = int(visit.place.get("offset", 0))
    while True:
        answer = await visit.ask(Group.PRICES, lambda market: market.prices(limit, offset))
        prices = read_prices(answer.body)
        goods = count_goods(answer.body)
        async with visit.writing() as session:
            moved = await upsert(
                session,
                Price,
                [
                    (visit.shop.connection, row.chrt_id, row.nm_id, row.full, row.discounted, row.currency)
                    for row in prices
                ],
                columns=("connection_id", "chrt_id", "nm_id", "full_minor", "discounted_minor", "currency"),
                by=("connection_id", "chrt_id"),
                changed=("nm_id", "full_minor", "discounted_minor", "currency"),
            )
            visit.count(done=goods, changed=len(moved))
            offset += limit
            visit.place["offset"] = offset
            # A short page is the last one; asking a base token's bucket for an empty page would cost 15 minutes.
            if goods < limit:
                await visit.move_cursor(session, {}, completed=True)
                visit.state["state"] = "ok"
        visit.check()
        if goods < limit:
            return
