"""One seller's world: cards, shelves, buyers and supplies, moved forward in time event by event.

What happens depends on the seed and on the changes made by hand, never on how often or in what steps somebody looks:
`advance(to)` lives through every event before `to`. Units are conserved: whatever was delivered lies on a shelf, is on
its way to or from a buyer, is with a buyer, or was written off.
"""

import heapq
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from stock.simulators.wildberries.catalogue import Card, Catalogue
from stock.simulators.wildberries.demand import BOUGHT, CANCELLED, Appetite, Floats, Wish, replayed_wishes_of, wishes_of
from stock.simulators.wildberries.moments import DAY, MINUTE, TICK, day_start, moscow_day
from stock.simulators.wildberries.orders import (
    BACK_AT,
    IS_DEFECTIVE,
    OUTCOME,
    RETURNED_AT,
    SIZE,
    SOURCE,
    Orders,
)
from stock.simulators.wildberries.shelves import WB, Counts, DayBook, View, Warehouse
from stock.simulators.wildberries.supplies import Supply, needed_by

FOREVER: Final = 2**62
KEPT_DAYS: Final = 100
HISTORY_TICK: Final = 4 * TICK  # the history of stocks is refreshed every two hours
MASS_EDIT_DAYS: Final = 33
TIED_CARDS: Final = 500
ENDS, RETURNS, ARRIVES, DELIVERED, EDITED = range(5)


@dataclass
class Shop:
    seed: int
    start: int
    catalogue: Catalogue
    appetite: Appetite
    warehouses: tuple[Warehouse, ...]
    is_replay: bool = False
    at: int = field(init=False)
    orders: Orders = field(init=False, default_factory=Orders)
    supplies: list[Supply] = field(init=False, default_factory=list)
    days: dict[int, DayBook] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        random = np.random.default_rng([self.seed, 7])
        sizes, sources = len(self.catalogue.chrt_ids), 1 + len(self.warehouses)
        self.at = self._next_tick = self.start
        self.factor: Floats = np.ones(sizes)
        self.is_neglected = random.random(sizes) < 0.15
        self.is_own = np.zeros((sources, sizes), dtype=bool)
        for source in range(1, sources):
            self.is_own[source] = random.random(sizes) < 0.2
        self.shelf: Counts = np.zeros((sources, sizes), dtype=np.int64)
        self.shelf[WB] = (self.appetite.rate * random.uniform(2, 45, sizes) + random.integers(0, 6, sizes)).astype(
            np.int64
        )
        self.shelf[WB][random.random(sizes) < 0.06] = 0
        self.to_client: Counts = np.zeros_like(self.shelf)
        self.from_client: Counts = np.zeros_like(self.shelf)
        self.sold: Counts = np.zeros(sizes, dtype=np.int64)
        self.written_off: Counts = np.zeros(sizes, dtype=np.int64)
        self.delivered: Counts = self.shelf.sum(axis=0)
        self.inbound: Counts = np.zeros(sizes, dtype=np.int64)
        self._heap: list[tuple[int, int, int]] = []
        self._wishes: list[Wish] = []
        self._place = 0
        self._redraws = 0
        self._to = self.start
        self.view = self.view_before = self._look()
        self.history_view = self.view

    # Time

    def advance(self, to: int) -> None:
        self._to = to
        while self.at < to:
            if self.at == self._next_tick:
                self._tick()
            until = min(self._next_tick, to)
            self._live(until)
            self.at = until
        if self.at == self._next_tick:
            self._tick()

    def _tick(self) -> None:
        """A full or half hour: figures are refreshed for all to see; at midnight in Moscow a new day begins."""
        # Nobody will ask for what was visible long before the moment we are going to.
        if self._to - self.at <= HISTORY_TICK + 2 * TICK:
            self.view_before, self.view = self.view, self._look()
        if self.at % HISTORY_TICK == 0:
            self.history_view = self.view
        day = moscow_day(self.at)
        if self.at == day_start(day) or day not in self.days:
            self._begin(day)
        self.days[day].empty_ticks += (self.shelf.sum(axis=0) == 0) & self.is_listed
        self._next_tick = self.at + TICK

    def _begin(self, day: int) -> None:
        sizes = len(self.catalogue.chrt_ids)
        if day - 1 in self.days:
            self.days[day - 1].close = self._by_owner()
        empty = np.zeros(sizes, dtype=np.int16)
        self.days[day] = DayBook(close=self._by_owner(), empty_ticks=empty, lost=empty.copy())
        self.days.pop(day - KEPT_DAYS, None)
        self.is_listed = np.array([not self.catalogue.cards[card].trashed_at for card in self.catalogue.card_of_size])
        self._wishes, self._place = self._draw(day, 0), 0
        self._order_supply(day)
        self._fill_own_shelves(day)
        self._plan_edits(day)
        assert self.is_balanced(), "units were made or lost"

    def _draw(self, day: int, turn: int) -> list[Wish]:
        draw = replayed_wishes_of if self.is_replay else wishes_of
        return draw(self.seed, day, self.appetite, self.factor * self.is_listed, turn=turn)

    def _live(self, until: int) -> None:
        heap, wishes = self._heap, self._wishes
        while True:
            due = heap[0][0] if heap else FOREVER
            wish_at = wishes[self._place].at if self._place < len(wishes) else FOREVER
            if min(due, wish_at) >= until:
                return
            if wish_at <= due:
                self._place += 1
                self._order(wishes[self._place - 1])
            else:
                moment, kind, number = heapq.heappop(heap)
                self._happen(moment, kind, number)

    # Orders

    def _order(self, wish: Wish) -> None:
        source = self._source_for(wish)
        if source is None:
            if self.is_listed[wish.size]:
                self.days[moscow_day(wish.at)].lost[wish.size] += 1
            return
        card = self.catalogue.cards[self.catalogue.card_of_size[wish.size]]
        number = self.orders.add(wish, source=source, price=card.price, discount=card.discount)
        self.shelf[source, wish.size] -= 1
        self.to_client[source, wish.size] += 1
        heapq.heappush(self._heap, (wish.at + wish.outcome_after, ENDS, number))

    def _source_for(self, wish: Wish) -> int | None:
        if not self.is_listed[wish.size]:
            return None
        own = [source for source in range(1, len(self.shelf)) if self.shelf[source, wish.size] > 0]
        if own and (wish.prefers_own or self.shelf[WB, wish.size] <= 0):
            return own[0]
        return WB if self.shelf[WB, wish.size] > 0 else None

    def _happen(self, moment: int, kind: int, number: int) -> None:
        if kind == DELIVERED:
            self._unload(self.supplies[number])
        elif kind == EDITED:
            if not self.catalogue.cards[number].trashed_at:
                self.catalogue.cards[number].updated_at = moment
        else:
            self._follow(kind, number)

    def _follow(self, kind: int, number: int) -> None:
        row = self.orders.row(number)
        size, source = row[SIZE], row[SOURCE]
        if kind == ENDS:
            self.to_client[source, size] -= 1
            self._end(number, row)
        elif kind == RETURNS:
            self.sold[size] -= 1
            self.from_client[source, size] += 1
            heapq.heappush(self._heap, (row[BACK_AT], ARRIVES, number))
        else:
            self.from_client[source, size] -= 1
            self._put_back(size, source, is_lost=bool(row[IS_DEFECTIVE]))

    def _end(self, number: int, row: tuple[int, ...]) -> None:
        size, source = row[SIZE], row[SOURCE]
        if row[OUTCOME] == BOUGHT:
            self.sold[size] += 1
            if row[RETURNED_AT]:
                heapq.heappush(self._heap, (row[RETURNED_AT], RETURNS, number))
        elif row[OUTCOME] == CANCELLED:
            self._put_back(size, source, is_lost=False)
        else:
            self.from_client[source, size] += 1
            heapq.heappush(self._heap, (row[BACK_AT], ARRIVES, number))

    def _put_back(self, size: int, source: int, *, is_lost: bool) -> None:
        if is_lost or self.catalogue.cards[self.catalogue.card_of_size[size]].trashed_at:
            self.written_off[size] += 1
        else:
            self.shelf[source, size] += 1

    # Supplies

    def _order_supply(self, day: int) -> None:
        random = np.random.default_rng([self.seed, day, 1])
        quantity = needed_by(
            random,
            have=self.shelf[WB] + self.inbound + self.from_client[WB],
            rate=self.appetite.rate * self.appetite.kept * self.is_listed,
            is_neglected=self.is_neglected,
        )
        sizes = np.flatnonzero(quantity)
        if not len(sizes):
            return
        number = len(self.supplies)
        supply = Supply.plan(
            random, number, sizes=sizes, quantity=quantity[sizes], created_at=day_start(day) + 9 * 60 * MINUTE
        )
        self.supplies.append(supply)
        self.inbound[sizes] += supply.quantity
        heapq.heappush(self._heap, (supply.ready_at, DELIVERED, number))

    def _unload(self, supply: Supply) -> None:
        self.inbound[supply.sizes] -= supply.quantity
        self.shelf[WB][supply.sizes] += supply.accepted
        self.delivered[supply.sizes] += supply.accepted

    def _fill_own_shelves(self, day: int) -> None:
        """Once a week the seller counts the own warehouses and sets them to ten days of sales."""
        for source in range(1, len(self.shelf)):
            if (day + source) % 7 == 0:
                target = np.ceil(self.appetite.rate * 10).astype(np.int64) * self.is_own[source] * self.is_listed
                change = np.maximum(target - self.shelf[source], 0)
                self.shelf[source] += change
                self.delivered += change

    def _plan_edits(self, day: int) -> None:
        random = np.random.default_rng([self.seed, day, 2])
        cards = len(self.catalogue.cards)
        for number in random.integers(0, cards, max(1, cards // 300)) if cards else ():
            heapq.heappush(self._heap, (day_start(day) + int(random.integers(1, DAY)), EDITED, int(number)))

        if (day - moscow_day(self.start)) % MASS_EDIT_DAYS == MASS_EDIT_DAYS - 1:
            # A mass edit: so many cards, or a twentieth, carry one and the same moment.
            for number in range(min(cards, TIED_CARDS, max(5, cards // 20))):
                heapq.heappush(self._heap, (day_start(day) + DAY // 2, EDITED, number))

    # Looking

    def _by_owner(self) -> npt.NDArray[np.int32]:
        return np.stack([self.shelf[WB], self.shelf[1:].sum(axis=0)]).astype(np.int32)

    def _look(self) -> View:
        return View(
            at=self.at, shelf=self.shelf.copy(), to_client=self.to_client.copy(), from_client=self.from_client.copy()
        )

    def is_balanced(self) -> bool:
        somewhere = self.shelf.sum(axis=0) + self.to_client.sum(axis=0) + self.from_client.sum(axis=0)
        return bool((somewhere + self.sold + self.written_off == self.delivered).all() and (self.shelf >= 0).all())

    # Changes by hand, each at the present moment of this world

    def set_stock(self, size: int, source: int, quantity: int) -> None:
        self.delivered[size] += quantity - self.shelf[source, size]
        self.shelf[source, size] = quantity

    def set_demand(self, card: Card, factor: float) -> None:
        """From this moment the card sells `factor` times as fast as by itself; the rest of today is drawn anew."""
        sizes = set(card.size_numbers)
        self.factor[list(sizes)] = factor
        self._redraws += 1
        coming = self._wishes[self._place :]
        fresh = self._draw(moscow_day(self.at), self._redraws)
        kept = [wish for wish in coming if wish.size not in sizes]
        kept += [wish for wish in fresh if wish.size in sizes and wish.at >= self.at]
        self._wishes, self._place = sorted(kept, key=lambda wish: (wish.at, wish.size)), 0

    def touch(self, card: Card) -> None:
        card.updated_at = self.at

    def trash(self, card: Card) -> None:
        """The card leaves the shop; what was on the shelves is written off, orders on their way go on."""
        card.trashed_at = self.at
        for size in card.size_numbers:
            self.is_listed[size] = False
            self.written_off[size] += self.shelf[:, size].sum()
            self.shelf[:, size] = 0

    def recover(self, card: Card) -> None:
        card.trashed_at = 0
        card.updated_at = self.at
        self.is_listed[list(card.size_numbers)] = True
