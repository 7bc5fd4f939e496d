"""The cards of a seller: made from the seed, so the same seller has the same products on every machine."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from stock.simulators.wildberries.moments import DAY, SECOND
from stock.simulators.wildberries.replay import retail_goods
from stock.simulators.wildberries.subjects import AUDIENCES, BRANDS, COLOURS, ONE, QUALITIES, SUBJECTS, Subject

KEYBOARD = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(slots=True)
class Card:
    nm_id: int
    imt_id: int
    uuid: str
    subject: Subject
    vendor_code: str
    brand: str
    title: str
    colour: str
    dimensions: tuple[int, int, int, float]
    photos: int
    created_at: int
    updated_at: int
    price: int
    discount: int
    club_discount: int
    first_size: int
    sizes: int
    trashed_at: int = 0
    description: str = ""
    tags: list[str] = field(default_factory=list)

    @property
    def size_numbers(self) -> range:
        return range(self.first_size, self.first_size + self.sizes)


@dataclass(slots=True)
class Catalogue:
    cards: list[Card] = field(default_factory=list)
    chrt_ids: list[int] = field(default_factory=list)
    tech_sizes: list[str] = field(default_factory=list)
    barcodes: list[list[str]] = field(default_factory=list)
    card_of_size: list[int] = field(default_factory=list)

    def add(self, card: Card, names: tuple[str, ...], random: Random) -> None:
        for name in names:
            number = len(self.chrt_ids)
            self.chrt_ids.append(card.nm_id * 2 + 1_000_000 + number)
            self.tech_sizes.append(name)
            spread = random.choices((1, 2, 3), (88, 9, 3))[0]
            self.barcodes.append([f"20{card.nm_id % 10**7:07d}{number % 1000:03d}{extra}" for extra in range(spread)])
            self.card_of_size.append(len(self.cards))
        self.cards.append(card)

    def by_nm(self) -> dict[int, int]:
        return {card.nm_id: number for number, card in enumerate(self.cards)}

    def by_chrt(self) -> dict[int, int]:
        return {chrt: number for number, chrt in enumerate(self.chrt_ids)}


def make_catalogue(seed: str, products: int, *, start: int, maximum_sizes: int = 8) -> Catalogue:
    random = Random(f"catalogue {seed}")  # noqa: S311 - a toy world, not a secret
    catalogue = Catalogue()
    nm_id = 150_000_000 + random.randrange(40_000_000)
    for number in range(products):
        nm_id += random.randrange(3, 90)
        subject = random.choice(SUBJECTS)
        card = _card(random, subject, nm_id, number, first_size=len(catalogue.chrt_ids), start=start)
        names = _sizes(random, subject, maximum_sizes)
        card.sizes = len(names)
        catalogue.add(card, names, random)
    return catalogue


def make_replay_catalogue(seed: str, *, start: int) -> Catalogue:
    """One card of one size for each article of the Online Retail data."""
    random = Random(f"catalogue {seed}")  # noqa: S311 - a toy world, not a secret
    catalogue = Catalogue()
    nm_id = 240_000_000 + random.randrange(1_000_000)
    gifts = Subject(1000, "Сувениры", "Дом", ("Сувенир",), ONE, (100, 3000), 0.9, 355)
    for number, good in enumerate(retail_goods()):
        nm_id += random.randrange(3, 40)
        card = _card(random, gifts, nm_id, number, first_size=number, start=start)
        card.vendor_code, card.title, card.brand = good.code, good.title, "Online Retail"
        card.price, card.sizes = good.price, 1
        catalogue.add(card, ONE, random)
    return catalogue


def _card(random: Random, subject: Subject, nm_id: int, number: int, *, first_size: int, start: int) -> Card:
    colour, brand = random.choice(COLOURS), random.choice(BRANDS)
    created = start - random.randrange(30, 700) * DAY + random.randrange(DAY)
    updated = created + random.randrange(max(1, start - created))
    side = random.randrange(5, 60)
    return Card(
        nm_id=nm_id,
        imt_id=nm_id - random.randrange(0, 3) if number % 7 else nm_id - 1,
        uuid=str(UUID(int=random.getrandbits(128), version=4)),
        subject=subject,
        vendor_code=_vendor_code(random, subject, colour, number),
        brand=brand,
        title=f"{random.choice(subject.titles)} {random.choice(QUALITIES)} {random.choice(AUDIENCES)} {colour}"[:60],
        colour=colour,
        dimensions=(side, side * 2 // 3 + 1, random.randrange(1, 25), round(random.uniform(0.05, 6), 2)),
        photos=0 if random.random() < 0.02 else random.randrange(1, 9),
        created_at=created // SECOND * SECOND + random.choice((965_770_000, 0, 500_000, 123_456)) % SECOND,
        updated_at=updated // 10 * 10,
        price=random.randrange(*subject.price) // 10 * 10,
        discount=random.choice((0, 10, 15, 20, 25, 30, 35, 40, 50, 60)),
        club_discount=random.choice((0, 0, 0, 3, 5)),
        first_size=first_size,
        sizes=0,
        tags=["Популярный"] if random.random() < 0.05 else [],
    )


def _vendor_code(random: Random, subject: Subject, colour: str, number: int) -> str:
    """Unique by its number, and of every kind that breaks careless code: zeros in front, slashes, Cyrillic, spaces."""
    kinds = (
        f"{number:07d}",
        f"{41058 + number}/{colour}",
        f"{subject.name.split()[0]}-{colour}_{number}",
        f"wb{''.join(random.choices(KEYBOARD, k=5))}{number}",
        f"{14_053_651 + number}{colour.capitalize()}",
        f"АРТ {number}/{random.randrange(10, 99)}",
        f"00{number}-{random.randrange(100):02d}",
    )
    return random.choice(kinds)


def _sizes(random: Random, subject: Subject, maximum: int) -> tuple[str, ...]:
    if len(subject.sizes) == 1:
        return subject.sizes
    count = min(maximum, random.randint(1, len(subject.sizes)))
    first = random.randint(0, len(subject.sizes) - count)
    return subject.sizes[first : first + count]
