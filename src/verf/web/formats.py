"""Numbers, money, dates and durations as people of each language write them."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import dates, lists, numbers, units

from verf.kit import Money, exponent_of, now
from verf.web.locales import babel_locale, lazy

MOSCOW = ZoneInfo("Europe/Moscow")
SIGNS = {"RUB": "₽", "UAH": "₴"}
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
Number = int | float | Decimal


def format_number(value: Number, digits: int | None = None) -> str:
    """1234567.5 -> 1,234,567.5; `digits` fixes the decimals."""
    if digits is None:
        return numbers.format_decimal(value, locale=babel_locale())
    return numbers.format_decimal(value, _decimals(digits), locale=babel_locale())


@cache
def _decimals(digits: int) -> str:
    return "#,##0." + "0" * digits if digits else "#,##0"


def format_compact(value: Number) -> str:
    """12500 -> 12.5K."""
    return numbers.format_compact_decimal(value, locale=babel_locale(), fraction_digits=1)


def format_percent(value: Number, digits: int = 0) -> str:
    """0.125 -> 13%; `digits` fixes the decimals."""
    pattern = babel_locale().percent_formats[None].pattern
    return numbers.format_percent(
        value, pattern.replace("0", f"0.{'0' * digits}") if digits else pattern, babel_locale()
    )


def format_money(value: Money, digits: int | None = None) -> str:
    """Money(990, "USD") -> $9.90; digits=0 leaves out the minor units."""
    places = exponent_of(value.currency) if digits is None else digits
    pattern = numbers.parse_pattern(babel_locale().currency_formats["standard"].pattern)
    pattern.frac_prec = (places, places)
    return _narrow(str(pattern.apply(value.decimal, babel_locale(), currency=value.currency, currency_digits=False)))


def format_compact_money(value: Money) -> str:
    """Money(1_250_000_00, "RUB") -> 1.3M ₽, for tiles."""
    return _narrow(
        numbers.format_compact_currency(value.decimal, value.currency, locale=babel_locale(), fraction_digits=1)
    )


def _narrow(shown: str) -> str:
    """CLDR writes codes for currencies that are foreign to the language; our customers know the signs."""
    for code, sign in SIGNS.items():
        shown = shown.replace(f"{code}\xa0", sign).replace(code, sign)
    return shown


def format_date(value: date | datetime, form: str = "medium", zone: tzinfo = UTC) -> str:
    """A day; a moment is first moved to `zone`."""
    day = value.astimezone(zone).date() if isinstance(value, datetime) else value
    return dates.format_date(day, form, locale=babel_locale())


def format_datetime(value: datetime, form: str = "medium", zone: tzinfo = UTC) -> str:
    """A moment with the name of its zone, so that nobody has to guess."""
    return f"{dates.format_datetime(value, form, tzinfo=zone, locale=babel_locale())} {_zone_name(zone)}"


def format_time(value: datetime, form: str = "short", zone: tzinfo = UTC) -> str:
    return dates.format_time(value, form, tzinfo=zone, locale=babel_locale())


def _zone_name(zone: tzinfo) -> str:
    return str(lazy("MSK")) if zone == MOSCOW else (now().astimezone(zone).tzname() or "")


def format_ago(value: datetime) -> str:
    """How long ago, or in how long: "3 hours ago", "in 2 days"."""
    return dates.format_timedelta(value - now(), add_direction=True, locale=babel_locale())


def format_duration(value: timedelta) -> str:
    """In one unit that is not too coarse: "90 seconds", "36 hours", "12 days"."""
    seconds = value.total_seconds()
    size, unit = next((known for known in UNITS if seconds >= 2 * known[0]), UNITS[-1])
    return format_unit(round(seconds / size), unit)


def format_unit(value: Number, unit: str, digits: int | None = None) -> str:
    """17.6, "day" -> 17.6 days, "17,6 дня"; the units are those of CLDR: day, hour, minute, second, kilobyte."""
    shown = Decimal(str(value)) if digits is None else round(Decimal(str(value)), digits)
    return units.format_unit(shown, unit, locale=babel_locale())


def format_list(values: list[str]) -> str:
    """a, b, and c."""
    return lists.format_list(values, locale=babel_locale())


FILTERS = {
    "number": format_number,
    "compact": format_compact,
    "percent": format_percent,
    "money": format_money,
    "compact_money": format_compact_money,
    "date": format_date,
    "datetime": format_datetime,
    "time": format_time,
    "ago": format_ago,
    "duration": format_duration,
    "unit": format_unit,
    "listing": format_list,
}
