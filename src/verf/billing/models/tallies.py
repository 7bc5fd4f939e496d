from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record


class Tally(Record):
    """A sum over customers, as tallies.py names it: kept until the mark of the cursor "tallies", and no further."""

    __tablename__ = "tallies"
    __table_args__ = (
        Index("uq_tallies_key", "kind", "product", "about", "first", "at", "name", unique=True),
        Index(None, "at"),
    )
    room = "billing"

    kind: Mapped[str]
    product: Mapped[str]
    about: Mapped[str]
    first: Mapped[datetime]
    at: Mapped[datetime]
    name: Mapped[str]
    value: Mapped[int] = mapped_column(BigInteger)
