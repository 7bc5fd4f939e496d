"""Alerts: a product goes under a threshold, is told about once, and must recover well above it to be told again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stock.appraisal import Appraised
from stock.models import Alert, AlertRule, Product
from stock.notices import LOW_STOCK, LowProduct, LowStock
from verf.errors import Invalid, NotFound
from verf.identity import PersonId
from verf.kit import new_id, now
from verf.notifications import notify
from verf.organisations import Tenant, owners_of
from verf.settings import House, load
from verf.web import _

MEASURES = ("days", "quantity")
# Raised under the threshold, cleared only above 1.2 times it, so that a number on the edge does not ring all day.
RECOVERED = 1.2
FIRST_THRESHOLD_DAYS = 14
SHOWN = 20
MOST_RULES = 100


@dataclass(frozen=True)
class RuleView:
    id: UUID
    measure: str
    threshold: int
    product: UUID | None
    product_title: str
    is_on: bool
    open_alerts: int
    created_at: datetime


@dataclass(frozen=True)
class AlertView:
    id: UUID
    rule: UUID
    measure: str
    threshold: int
    product: UUID
    title: str
    vendor_code: str
    value: float
    raised_at: datetime
    cleared_at: datetime | None


def is_low(measure: str, threshold: int, found: Appraised) -> bool:
    value = value_of(measure, found)
    return value is not None and value < threshold


def has_recovered(measure: str, threshold: int, found: Appraised) -> bool:
    value = value_of(measure, found)
    return value is None or value > threshold * RECOVERED


def value_of(measure: str, found: Appraised) -> float | None:
    """None where the measure says nothing: no demand, or too little data."""
    if measure == "quantity":
        return float(found.quantity)
    return 0.0 if found.state == "out" else found.days_of_cover


async def evaluate(
    session: AsyncSession,
    organisation: UUID,
    run: UUID,
    found: Sequence[Appraised],
    *,
    at: datetime,
    silent: bool,
) -> int:
    """Raise and clear; one mail for all crossings of this run. `silent` records the first state of a new shop."""
    rules = list(await session.scalars(select(AlertRule).where(AlertRule.is_on).order_by(AlertRule.id)))
    products = {one.product: one for one in found}
    raised: list[tuple[AlertRule, Appraised]] = []
    for rule in rules:
        raised += await _apply(session, rule, products, run=run, at=at)
    if raised and not silent:
        await _mail(session, organisation, run, rules, {one.product: one for _rule, one in raised})
    return len(raised)


async def _apply(
    session: AsyncSession, rule: AlertRule, products: dict[UUID, Appraised], *, run: UUID, at: datetime
) -> list[tuple[AlertRule, Appraised]]:
    query = select(Alert.id, Alert.product_id).where(Alert.rule_id == rule.id, Alert.cleared_at.is_(None))
    standing = {product: alert for alert, product in await session.execute(query)}
    watched = products if rule.product_id is None else {rule.product_id: products.get(rule.product_id)}
    low = [one for one in watched.values() if one and is_low(rule.measure, rule.threshold, one)]
    over = [
        alert
        for product, alert in standing.items()
        if (one := products.get(product)) and has_recovered(rule.measure, rule.threshold, one)
    ]
    if over:
        await session.execute(update(Alert).where(Alert.id.in_(over)).values(cleared_at=at))
    new = [one for one in low if one.product not in standing and one.state != "unknown"]
    session.add_all(
        Alert(
            id=new_id(),
            organisation_id=rule.organisation_id,
            rule_id=rule.id,
            product_id=one.product,
            run_id=run,
            value=value_of(rule.measure, one) or 0.0,
            raised_at=at,
        )
        for one in new
    )
    await session.flush()
    return [(rule, one) for one in new]


async def _mail(
    session: AsyncSession, organisation: UUID, run: UUID, rules: Sequence[AlertRule], low: dict[UUID, Appraised]
) -> None:
    url = load(House).url
    urgent = sorted(low.values(), key=lambda one: (one.days_of_cover or 0.0, one.quantity))[:SHOWN]
    query = select(Product.id, Product.title, Product.vendor_code)
    names = {row[0]: row for row in await session.execute(query.where(Product.id.in_([one.product for one in urgent])))}
    data = LowStock(
        products=[
            LowProduct(
                title=names[one.product][1] or names[one.product][2],
                vendor_code=names[one.product][2],
                quantity=one.quantity,
                days_of_cover=0.0 if one.state == "out" else one.days_of_cover,
                url=f"{url}/stock/products/{one.product}",
            )
            for one in urgent
        ],
        count=len(low),
        more=len(low) - len(urgent),
        url=f"{url}/stock/alerts",
    )
    # Sorted, so that two syncs of one organisation lock its people in the same order.
    people = {*await owners_of(session, organisation), *(PersonId(rule.created_by) for rule in rules)}
    for person in sorted(people):
        await notify(session, person, LOW_STOCK, data, key=f"low-stock:{run}")


async def add_rule(
    session: AsyncSession, tenant: Tenant, *, measure: str, threshold: int, product: UUID | None = None
) -> UUID:
    if product is not None and await session.get(Product, product) is None:
        raise NotFound(_("There is no such product."))
    if await session.scalar(select(func.count()).select_from(AlertRule)) >= MOST_RULES:  # type: ignore[operator]
        raise Invalid(_("You have %(count)s rules. Delete one first.", count=MOST_RULES))
    rule = AlertRule(
        id=new_id(),
        organisation_id=tenant.organisation,
        measure=measure,
        threshold=threshold,
        product_id=product,
        is_on=True,
        created_by=tenant.person,
        created_at=now(),
    )
    session.add(rule)
    await session.flush()
    return rule.id


async def add_first_rule(session: AsyncSession, tenant: Tenant) -> None:
    """Somebody who connects a shop wants to be told; the threshold is theirs to change."""
    if await session.scalar(select(AlertRule.id).limit(1)) is None:
        await add_rule(session, tenant, measure="days", threshold=FIRST_THRESHOLD_DAYS)


async def change_rule(session: AsyncSession, rule: UUID, **changes: Any) -> None:
    row = await _rule(session, rule)
    for name, value in changes.items():
        if value is not None:
            setattr(row, name, value)
    await session.flush()


async def delete_rule(session: AsyncSession, rule: UUID) -> None:
    await session.delete(await _rule(session, rule))


async def _rule(session: AsyncSession, rule: UUID) -> AlertRule:
    row = await session.get(AlertRule, rule)
    if row is None:
        raise NotFound(_("There is no such rule."))
    return row


async def rule_of(session: AsyncSession, rule: UUID) -> RuleView:
    await _rule(session, rule)
    return next(one for one in await rules_of(session) if one.id == rule)


async def rules_of(session: AsyncSession) -> Sequence[RuleView]:
    standing = (
        select(Alert.rule_id, func.count().label("count"))
        .where(Alert.cleared_at.is_(None))
        .group_by(Alert.rule_id)
        .subquery()
    )
    query = (
        select(AlertRule, Product.title, func.coalesce(standing.c.count, 0))
        .outerjoin(Product, Product.id == AlertRule.product_id)
        .outerjoin(standing, standing.c.rule_id == AlertRule.id)
        .order_by(AlertRule.created_at, AlertRule.id)
    )
    return [
        RuleView(
            id=row.id,
            measure=row.measure,
            threshold=row.threshold,
            product=row.product_id,
            product_title=title or "",
            is_on=row.is_on,
            open_alerts=count,
            created_at=row.created_at,
        )
        for row, title, count in await session.execute(query)
    ]


async def alerts_of(session: AsyncSession, *, limit: int = 100, product: UUID | None = None) -> Sequence[AlertView]:
    """Open ones first, then the newest."""
    query = (
        select(Alert, AlertRule.measure, AlertRule.threshold, Product.title, Product.vendor_code)
        .join(AlertRule, AlertRule.id == Alert.rule_id)
        .join(Product, Product.id == Alert.product_id)
        .order_by(Alert.cleared_at.is_not(None), Alert.raised_at.desc(), Alert.id.desc())
        .limit(limit)
    )
    if product:
        query = query.where(Alert.product_id == product)
    return [
        AlertView(
            id=row.id,
            rule=row.rule_id,
            measure=measure,
            threshold=threshold,
            product=row.product_id,
            title=title or code,
            vendor_code=code,
            value=row.value,
            raised_at=row.raised_at,
            cleared_at=row.cleared_at,
        )
        for row, measure, threshold, title, code in await session.execute(query)
    ]
