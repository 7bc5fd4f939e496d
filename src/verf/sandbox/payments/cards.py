"""The test cards: what happens when somebody pays, and when a saved card is charged later."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    PAYS = "pays"
    INSUFFICIENT_FUNDS = "insufficient_funds"  # soft: another day may help
    EXPIRED = "expired"  # hard: this card never pays again
    STOLEN = "stolen"  # hard
    THREE_D_SECURE_FAILED = "three_d_secure_failed"


HARD = {Outcome.EXPIRED, Outcome.STOLEN}


@dataclass(frozen=True)
class Card:
    """A choice at the hosted page. `later` is what the card does when it is charged without its owner."""

    key: str
    label: str
    hint: str
    number: str
    brand: str
    outcome: Outcome
    later: Outcome = Outcome.PAYS

    @property
    def first6(self) -> str:
        return self.number[:6]

    @property
    def last4(self) -> str:
        return self.number[-4:]


CARDS = (
    Card("pays", "Pay", "The bank says yes, now and later", "4242424242424242", "visa", Outcome.PAYS),
    Card(
        "pays-once",
        "Pay, and have no money next time",
        "Later charges: insufficient funds",
        "4000000000000341",
        "visa",
        Outcome.PAYS,
        Outcome.INSUFFICIENT_FUNDS,
    ),
    Card(
        "pays-then-stolen",
        "Pay, and lose the card afterwards",
        "Later charges: reported stolen",
        "5555555555554444",
        "mastercard",
        Outcome.PAYS,
        Outcome.STOLEN,
    ),
    Card(
        "insufficient-funds",
        "Decline: insufficient funds",
        "Soft: trying again may help",
        "4000000000009995",
        "visa",
        Outcome.INSUFFICIENT_FUNDS,
    ),
    Card("stolen", "Decline: stolen card", "Hard: never again", "4000000000009979", "visa", Outcome.STOLEN),
    Card("expired", "Decline: expired card", "Hard: never again", "4000000000000069", "visa", Outcome.EXPIRED),
    Card(
        "3ds-fails",
        "Fail 3-D Secure",
        "The bank asks, its customer does not answer",
        "4000008400001629",
        "visa",
        Outcome.THREE_D_SECURE_FAILED,
    ),
)
BY_KEY = {card.key: card for card in CARDS}
# For pages whose card nobody keeps.
CARDS_USED_ONCE = tuple(card for card in CARDS if card.later is Outcome.PAYS)


def card_that(outcome: Outcome, later: Outcome = Outcome.PAYS) -> Card:
    """The card for payers without a browser: these two outcomes, with a number that goes with the first."""
    card = next(card for card in CARDS if card.outcome == outcome)
    return Card(card.key, card.label, card.hint, card.number, card.brand, outcome, later)
