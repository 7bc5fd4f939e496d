"""A room that has something to say, for the tests of notifications."""

from dataclasses import dataclass

from verf.manifest import Notice, Room


@dataclass(frozen=True)
class Order:
    number: int
    customer: str

    @property
    def url(self) -> str:
        return f"https://shop.example/orders/{self.number}?from=mail&kind=receipt"


RECEIPT = Notice(name="receipt", data=Order)
ALARM = Notice(name="alarm", data=Order, can_opt_out=False)

room = Room(name="letters", package="letters", notices=[RECEIPT, ALARM])
