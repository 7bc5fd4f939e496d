"""All sellers of the simulated marketplace, made when first asked for, and the diary of changes made by hand.

What lies in the folder is small: the seed, the moment the world began and the changes. A start plays them again.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Any
from uuid import UUID

import numpy as np

from stock.simulators.wildberries.catalogue import Card, Catalogue, make_catalogue, make_replay_catalogue
from stock.simulators.wildberries.demand import Appetite, appetite_of, replayed_appetite
from stock.simulators.wildberries.moments import day_start, moment_of, moscow_day
from stock.simulators.wildberries.replay import retail_goods
from stock.simulators.wildberries.shelves import WB, Warehouse
from stock.simulators.wildberries.shop import Shop
from verf.errors import Invalid, NotFound
from verf.kit import now

HISTORY_DAYS = 100
WAREHOUSE_NAMES = ("Основной склад", "Склад на Ленина, 5", "ул. Троицкая, Подольск", "Резерв/2", "Магазин «Уют»")


@dataclass(frozen=True, slots=True)
class Spec:
    """Who a seller is, before anything is made."""

    alias: str
    name: str
    products: int
    orders_a_day: float
    warehouses: int = 2
    maximum_sizes: int = 8
    history_days: int = HISTORY_DAYS
    is_replay: bool = False
    seed: int = 0

    @property
    def number(self) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed} {self.alias}".encode()).digest()[:6], "big")

    @property
    def id(self) -> str:
        digest = hashlib.sha256(f"seller {self.seed} {self.alias}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))


def first_sellers(seed: int) -> list[Spec]:
    return [
        Spec("small", "ИП Соколова А. В.", 100, 60, seed=seed),
        Spec("medium", "ООО «Тёплый Дом»", 1_000, 300, seed=seed),
        Spec("large", "ООО «Северный Клен»", 10_000, 1_500, warehouses=3, seed=seed),
        Spec("replay", "ИП Ритейлов О. Л.", len(retail_goods()), 0, warehouses=1, is_replay=True, seed=seed),
    ]


@dataclass
class Seller:
    spec: Spec
    start: int
    changes: list[dict[str, Any]]
    lock: RLock = field(default_factory=RLock)
    _shop: Shop | None = None

    @property
    def id(self) -> str:
        return self.spec.id

    def shop_at(self, moment: int) -> Shop:
        """The world of this seller at a moment (or later, for a world never runs backwards). Hold the lock."""
        if self._shop is None:
            self._shop = make_shop(self.spec, self.start)
            for change in self.changes:
                self._shop.advance(change["at"])
                apply(self._shop, change)
        self._shop.advance(moment)
        return self._shop


NOWHERE = Shop(0, 0, Catalogue(), Appetite(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64)), ())


def make_shop(spec: Spec, start: int) -> Shop:
    if spec.is_replay:
        catalogue = make_replay_catalogue(spec.id, start=start)
        appetite = replayed_appetite(catalogue)
    else:
        catalogue = make_catalogue(spec.id, spec.products, start=start, maximum_sizes=spec.maximum_sizes)
        appetite = appetite_of(spec.number, catalogue, spec.orders_a_day)
    first = 500_000 + spec.number % 400_000
    warehouses = tuple(
        Warehouse(id=first + number * 7, name=WAREHOUSE_NAMES[number % len(WAREHOUSE_NAMES)], office_id=15 + number)
        for number in range(spec.warehouses)
    )
    return Shop(spec.number, start, catalogue, appetite, warehouses, is_replay=spec.is_replay)


def apply(shop: Shop, change: dict[str, Any]) -> None:
    """One change of the diary. Raises NotFound when there is no such card, size or warehouse."""
    kind = change["kind"]
    if kind == "stock":
        source = source_of(shop, change["warehouse_id"])
        for size in sizes_of(shop, change):
            shop.set_stock(size, source, change["quantity"])
        return
    card = card_of(shop, change["nm_id"])
    if kind == "demand":
        shop.set_demand(card, change["factor"])
    elif kind == "trash":
        shop.trash(card)
    elif kind == "recover":
        shop.recover(card)
    elif kind == "card":
        for name, value in change["fields"].items():
            setattr(card, name, value)
        # Prices live in another system: changing them does not touch the card.
        if set(change["fields"]) - {"price", "discount", "club_discount"}:
            shop.touch(card)


def card_of(shop: Shop, nm_id: int) -> Card:
    for card in shop.catalogue.cards:
        if card.nm_id == nm_id:
            return card
    raise NotFound(f"There is no card with nm_id {nm_id}.")


def sizes_of(shop: Shop, change: dict[str, Any]) -> list[int]:
    if change.get("chrt_id") is not None:
        if change["chrt_id"] not in shop.catalogue.chrt_ids:
            raise NotFound(f"There is no size with chrt_id {change['chrt_id']}.")
        return [shop.catalogue.chrt_ids.index(change["chrt_id"])]
    return list(card_of(shop, change["nm_id"]).size_numbers)


def source_of(shop: Shop, warehouse_id: int | None) -> int:
    if warehouse_id in (None, -999999):
        return WB
    for number, warehouse in enumerate(shop.warehouses, start=1):
        if warehouse.id == warehouse_id:
            return number
    raise NotFound(f"There is no warehouse {warehouse_id}.")


class Sellers:
    def __init__(self, folder: Path, *, seed: int = 1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._diary = folder / "changes.jsonl"
        self._lock = Lock()
        world = folder / "world.json"
        if not world.exists():
            world.write_text(json.dumps({"seed": seed, "epoch": moment_of(now())}))
        kept = json.loads(world.read_text())
        self.seed: int = kept["seed"]
        self.epoch: int = kept["epoch"]
        self.paused_at = 0
        self._sellers: dict[str, Seller] = {}
        for spec in first_sellers(self.seed):
            self._add(spec)
        self._remember()

    def _add(self, spec: Spec) -> Seller:
        seller = Seller(spec, day_start(moscow_day(self.epoch) - spec.history_days), [])
        self._sellers[seller.id] = seller
        return seller

    def _remember(self) -> None:
        lines = self._diary.read_text("utf-8").splitlines() if self._diary.exists() else []
        for line in lines:
            change = json.loads(line)
            if change["kind"] == "seller":
                self._add(Spec(**change["spec"]))
            else:
                self._sellers[change["seller"]].changes.append(change)

    def __iter__(self) -> Iterator[Seller]:
        return iter(list(self._sellers.values()))

    def find(self, name: str) -> Seller:
        """By id or by alias (`small`, `medium`, `large`, `replay`, or the one given at creation)."""
        for seller in self:
            if name in (seller.id, seller.spec.alias):
                return seller
        raise NotFound(f"There is no seller {name}.")

    def get(self, sid: str) -> Seller | None:
        return self._sellers.get(sid)

    # Time

    def moment(self) -> int:
        """The present of the worlds: the clock of the house, or the moment at which they were stopped."""
        return self.paused_at or moment_of(now())

    def pause(self) -> None:
        self.paused_at = self.moment()

    def resume(self) -> None:
        self.paused_at = 0

    @contextmanager
    def visit(self, seller: Seller) -> Iterator[Shop]:
        """The seller's world brought to the present, locked while somebody is in it."""
        with seller.lock:
            yield seller.shop_at(self.moment())

    # Changes

    def create(self, spec: Spec) -> Seller:
        if any(spec.alias == seller.spec.alias for seller in self):
            raise Invalid(f"A seller {spec.alias} exists already.")
        fields = {name: getattr(spec, name) for name in Spec.__slots__}
        self._write({"kind": "seller", "spec": fields})
        return self._add(spec)

    def change(self, seller: Seller, kind: str, **fields: Any) -> None:
        with self.visit(seller) as shop:
            change = {"at": shop.at, "seller": seller.id, "kind": kind, **fields}
            apply(shop, change)
            seller.changes.append(change)
            self._write(change)

    def _write(self, change: dict[str, Any]) -> None:
        with self._lock, self._diary.open("a", encoding="utf-8") as diary:
            diary.write(json.dumps(change, ensure_ascii=False) + "\n")
