import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from verf import web
from verf.billing import metrics, words
from verf.billing.metric_sources import takings_in
from verf.billing.metrics import Cohort, Month, Takings, Trials, months_between
from verf.billing.price_list import selling
from verf.billing.tallies import Tallies, cohorts_of, months_of, trials_of
from verf.billing.tally_keeping import tallies_since
from verf.database import transaction
from verf.identity import staff
from verf.kit import Money, now
from verf.web import _, format_date, format_money, page

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("support"))])
What = Literal["mrr", "revenue", "trials", "retention"]


class Numbers:
    """Everything of one product, or of all, in the last twelve months."""

    def __init__(self, known: Tallies, months: Sequence[datetime]) -> None:
        self.known, self.months = known, months
        self.takings: list[Takings] = takings_in(known)
        self.trials: list[Trials] = trials_of(known, months)
        self.cohorts: list[Cohort] = cohorts_of(known, months)

    @property
    def currencies(self) -> list[str]:
        recurring = {key.about for key in self.known if key.kind == "mrr"}
        return sorted(recurring | {line.currency for line in self.takings})

    def mrr(self, currency: str) -> list[Month]:
        return months_of(self.known, currency, self.months)

    def revenue(self, currency: str) -> list[Takings]:
        return [line for line in self.takings if line.currency == currency]


async def _count(product: str) -> Numbers:
    moment = now()
    months = months_between(moment.replace(year=moment.year - 1, day=1), moment)[1:]
    async with transaction(system="staff looks at the numbers") as session:
        known = await tallies_since(session, months[0])
    ours = {key: value for key, value in known.items() if product in ("", key.product)}
    return Numbers(Tallies(ours), months)


@router.get("/")
async def show(request: Request, product: str = "", currency: str = "") -> Response:
    names = [each.name for each in selling()]
    chosen = product if product in names else ""
    numbers = await _count(chosen)
    currencies = numbers.currencies or ["USD"]
    shown = currency if currency in currencies else currencies[0]
    months, lines = numbers.mrr(shown), numbers.revenue(shown)
    return await page(
        request,
        "billing/staff/numbers.html",
        months=months,
        latest=months[-1],
        lines=lines,
        trials=numbers.trials,
        cohorts=numbers.cohorts,
        currency=shown,
        product=chosen,
        switches=_switches(chosen, shown, currencies),
        charts_drawn=_charts(months, lines, shown),
        movements=metrics.MOVEMENTS,
        mrr_rows=[(format_date(each.first, "LLLL y"), format_money(Money(each.end, shown))) for each in months],
        revenue_legend=_legend(lines),
        words=words,
        money=lambda minor: Money(minor, shown),
    )


@router.get("/numbers.csv")
async def export(what: What = "mrr", product: str = "") -> Response:
    numbers = await _count(product if product in [each.name for each in selling()] else "")
    tables = {"mrr": _mrr_rows, "revenue": _revenue_rows, "trials": _trial_rows, "retention": _retention_rows}
    text = io.StringIO()
    csv.writer(text).writerows(tables[what](numbers))
    headers = {"Content-Disposition": f'attachment; filename="{what}.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _mrr_rows(numbers: Numbers) -> Iterable[Sequence[object]]:
    yield ("month", "currency", "start", *metrics.MOVEMENTS, "end", "customers", "lost")
    for currency in numbers.currencies:
        for month in numbers.mrr(currency):
            moved = [Money(month.movements[kind], currency).decimal for kind in metrics.MOVEMENTS]
            ends = (Money(month.start, currency).decimal, *moved, Money(month.end, currency).decimal)
            yield (_month(month.first), currency, *ends, month.customers_at_end, month.customers_lost)


def _revenue_rows(numbers: Numbers) -> Iterable[Sequence[object]]:
    yield ("month", "provider", "currency", "gross", "refunds", "disputes", "tax", "fees", "net")
    for line in numbers.takings:
        sums = (line.gross, line.refunds, line.disputes, line.tax, line.fees, line.net)
        yield (_month(line.first), line.provider, line.currency, *(Money(each, line.currency).decimal for each in sums))


def _trial_rows(numbers: Numbers) -> Iterable[Sequence[object]]:
    yield ("month", "started", "converted")
    for cohort in numbers.trials:
        yield (_month(cohort.first), cohort.started, cohort.converted)


def _retention_rows(numbers: Numbers) -> Iterable[Sequence[object]]:
    yield ("cohort", "size", *(f"after {number}" for number in range(len(numbers.months))))
    for cohort in numbers.cohorts:
        yield (_month(cohort.first), cohort.size, *cohort.kept)


def _month(first: datetime) -> str:
    return f"{first:%Y-%m}"


def _charts(months: Sequence[Month], lines: Sequence[Takings], currency: str) -> dict[str, Markup]:
    labels = [format_date(month.first, "MMM yy") for month in months]

    def full(value: float) -> str:
        return format_money(Money(round(value), currency))

    def short(value: float) -> str:
        return web.formats.format_compact_money(Money(round(value), currency))

    gained = [sum(amount for amount in month.movements.values() if amount > 0) for month in months]
    lost = [sum(amount for amount in month.movements.values() if amount < 0) for month in months]
    providers = sorted({line.provider for line in lines})
    net = {(line.first, line.provider): line.net for line in lines}
    return {
        "mrr": web.charts.line(
            labels,
            [web.charts.Series(name=_("Recurring a month"), values=[month.end for month in months], area=True)],
            title=_("Recurring a month"),
            short=short,
            full=full,
        ),
        "movements": web.charts.bars(
            labels,
            [web.charts.Series(name=_("Gained"), values=gained), web.charts.Series(name=_("Lost"), values=lost)],
            title=_("What came and went"),
            short=short,
            full=full,
        ),
        "revenue": web.charts.bars(
            labels,
            [
                web.charts.Series(
                    name=words.provider_title(provider),
                    values=[max(net.get((month.first, provider), 0), 0) for month in months],
                )
                for provider in providers
            ],
            title=_("Revenue, net of tax and refunds"),
            stacked=True,
            short=short,
            full=full,
        ),
    }


def _legend(lines: Sequence[Takings]) -> list[tuple[str, str]]:
    providers = sorted({line.provider for line in lines})
    return [(f"s{number}", words.provider_title(provider)) for number, provider in enumerate(providers)]


def _switches(product: str, currency: str, currencies: Sequence[str]) -> dict[str, list[dict[str, object]]]:
    sold = [("", _("Every service")), *((each.name, _(each.title)) for each in selling())]
    return {
        "product": [
            {"label": title, "href": f"?product={name}&currency={currency}", "current": name == product}
            for name, title in sold
        ],
        "currency": [
            {"label": each, "href": f"?product={product}&currency={each}", "current": each == currency}
            for each in currencies
        ],
    }
