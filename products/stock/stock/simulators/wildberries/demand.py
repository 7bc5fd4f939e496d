"""What buyers will want on a day, and how each order will end: drawn day by day from seed and day alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stock.simulators.wildberries.catalogue import Catalogue
from stock.simulators.wildberries.moments import DAY, HOUR, SECOND, day_start, weekday
from stock.simulators.wildberries.replay import lines_of, time_of_day

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

WEEKDAYS = np.array([0.97, 0.93, 0.95, 0.98, 1.05, 1.1, 1.02])
HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 6, 8, 10, 11, 12, 12, 12, 11, 11, 11, 12, 13, 14, 14, 12, 8, 4], dtype=float)
HOURS /= HOURS.sum()
REGIONS = 24

BOUGHT, CANCELLED, REFUSED, EXPIRED = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Wish:
    """One unit that somebody wants, with all that will happen if it can be sold. Moments are lags after the order."""

    at: int
    size: int
    outcome: int
    outcome_after: int
    return_after: int
    back_after: int
    known_after: int
    priced_after: int
    prefers_own: bool
    is_defective: bool
    region: int
    basket: int
    spp: int
    is_b2b: bool


@dataclass(frozen=True, slots=True)
class Appetite:
    """How fast each size sells on an ordinary day, and how often what is ordered is kept."""

    rate: Floats
    kept: Floats
    peak: Integers


def appetite_of(seed: int, catalogue: Catalogue, orders_a_day: float) -> Appetite:
    random = np.random.default_rng([seed, 11])
    sizes = len(catalogue.chrt_ids)
    popularity = random.lognormal(0.0, 1.3, len(catalogue.cards))
    owner = np.array(catalogue.card_of_size, dtype=np.int64)
    share = random.uniform(0.4, 1.6, sizes)
    rate = popularity[owner] * share
    subjects = [catalogue.cards[number].subject for number in catalogue.card_of_size]
    return Appetite(
        rate=rate * (orders_a_day / rate.sum()) if sizes else rate,
        kept=np.array([subject.buyout for subject in subjects]),
        peak=np.array([subject.peak for subject in subjects], dtype=np.int64),
    )


def replayed_appetite(catalogue: Catalogue) -> Appetite:
    """The mean of the loop, which the seller's orders for new stock follow."""
    counts = np.zeros(len(catalogue.chrt_ids))
    for day in range(28):
        for line in lines_of(day):
            counts[line.good] += 1
    return Appetite(rate=counts / 28, kept=np.full(len(counts), 0.9), peak=np.zeros(len(counts), dtype=np.int64))


def wishes_of(seed: int, day: int, appetite: Appetite, factor: Floats, *, turn: int = 0) -> list[Wish]:
    """All wishes of a Moscow day, by time; `turn` is another throw of the dice for the same day."""
    random = np.random.default_rng([seed, day, turn])
    season = 1 + 0.6 * np.cos(2 * np.pi * (day % 365 - appetite.peak) / 365) * (appetite.peak > 0)
    mean = appetite.rate * factor * season * WEEKDAYS[weekday(day)]
    # A gamma-mixed Poisson is negative binomial: bursts, as in real shops.
    counts = random.poisson(mean * random.gamma(4.0, 0.25, len(mean)))
    wanted = np.repeat(np.arange(len(mean)), counts)
    hour = random.choice(24, len(wanted), p=HOURS)
    at = day_start(day) + hour * HOUR + random.integers(0, HOUR // SECOND, len(wanted)) * SECOND
    return list(_with_fates(random, at, wanted, appetite.kept, random.integers(1, 2**53, len(wanted))))


def replayed_wishes_of(seed: int, day: int, appetite: Appetite, factor: Floats, *, turn: int = 0) -> list[Wish]:
    random = np.random.default_rng([seed, day, turn])
    lines = [line for line in lines_of(day) for _ in range(_times(random, float(factor[line.good])))]
    at = np.array([day_start(day) + time_of_day(line, place) for place, line in enumerate(lines)], dtype=np.int64)
    baskets = np.array(
        [int("".join(filter(str.isdigit, line.invoice))) * 1000 + day % 1000 for line in lines], np.int64
    )
    wanted = np.array([line.good for line in lines], dtype=np.int64)
    kept = appetite.kept.copy()
    wishes = list(_with_fates(random, at, wanted, kept, baskets))
    return sorted(
        (_credited(wish) if line.is_credit else wish for wish, line in zip(wishes, lines, strict=True)), key=_when
    )


def _times(random: np.random.Generator, factor: float) -> int:
    return 1 if factor == 1 else int(random.poisson(factor))


def _credited(wish: Wish) -> Wish:
    """A credit note of the shop is an order that was sent back at the counter."""
    return Wish(**{name: getattr(wish, name) for name in Wish.__slots__} | {"outcome": REFUSED, "return_after": 0})


def _when(wish: Wish) -> int:
    return wish.at


def _with_fates(
    random: np.random.Generator, at: Integers, wanted: Integers, kept: Floats, baskets: Integers
) -> Iterator[Wish]:
    order = np.lexsort((wanted, at))
    at, wanted, baskets = at[order], wanted[order], baskets[order]
    count = len(wanted)
    outcome = np.where(random.random(count) < kept[wanted], BOUGHT, REFUSED)
    outcome = np.where((outcome == REFUSED) & (random.random(count) < 0.25), EXPIRED, outcome)
    outcome = np.where(random.random(count) < 0.06, CANCELLED, outcome)
    delivery = random.gamma(6.0, 0.55, count) * DAY
    lag = np.select(
        [outcome == CANCELLED, outcome == EXPIRED],
        [random.uniform(0.5, 20, count) * HOUR, delivery + 8 * DAY],
        delivery,
    )
    returned = (outcome == BOUGHT) & (random.random(count) < 0.04)
    # A basket of several goods has one number: every sixth order joins the basket before it.
    joins = random.random(count) < 1 / 6
    for place in np.flatnonzero(joins):
        if place:
            baskets[place] = baskets[place - 1]
    columns = (
        at,
        wanted,
        outcome,
        _printable(random, lag),
        np.where(returned, _printable(random, random.uniform(1, 13, count) * DAY), 0),
        _printable(random, random.uniform(1.5, 6, count) * DAY),
        np.where(random.random(count) < 0.005, _printable(random, random.uniform(2, 30, count) * HOUR), 0),
        np.where(random.random(count) < 0.1, _printable(random, random.uniform(1, 23, count) * HOUR), 0),
        random.random(count) < 0.3,
        random.random(count) < 0.05,
        random.integers(0, REGIONS, count),
        baskets,
        random.integers(0, 31, count),
        random.random(count) < 0.01,
    )
    return map(Wish, *(column.tolist() for column in columns))


def _printable(random: np.random.Generator, lag: Floats) -> Integers:
    """Lags that end on whole seconds, tenths, milliseconds or microseconds: fractions of varying length."""
    grain = random.choice(np.array([SECOND, SECOND, SECOND, 100_000, 1_000, 1]), len(lag))
    whole: Integers = lag.astype(np.int64) // grain * grain
    return np.maximum(whole, SECOND)
