from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from verf.kit import new_id

# None is SQL's NULL here, not a document that says null.
DOCUMENT = JSONB(none_as_null=True)
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """A table without a key of its own choosing; most tables want Record.

    `room` names the PostgreSQL schema. `__table_args__` may hold constraints; the schema is added to them.
    """

    __abstract__ = True
    room: ClassVar[str]
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        dict[str, Any]: DOCUMENT,
        list[Any]: DOCUMENT,
        list[str]: DOCUMENT,
    }

    def __init_subclass__(cls, **arguments: Any) -> None:
        if "__tablename__" in cls.__dict__:
            constraints, options = _split(cls.__dict__.get("__table_args__", ()))
            cls.__table_args__ = (*constraints, *cls._constraints(), {"schema": cls.room, **options})
        super().__init_subclass__(**arguments)

    @classmethod
    def _constraints(cls) -> tuple[Any, ...]:
        return ()


class Record(Table):
    """A table with an id that sorts by creation time. A room's records live in the schema of the room's name."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class TenantTable(Table):
    """A table whose rows each belong to one organisation, seen and written only in that organisation's scope."""

    __abstract__ = True

    organisation_id: Mapped[UUID] = mapped_column()


class TenantRecord(Record):
    """A Record that belongs to one organisation.

    UNIQUE (organisation_id, id) is what composite foreign keys point at, and the index for the scope's filter.
    """

    __abstract__ = True

    organisation_id: Mapped[UUID] = mapped_column()

    @classmethod
    def _constraints(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("organisation_id", "id"),)


def _split(arguments: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(arguments, dict):
        return (), arguments
    if arguments and isinstance(arguments[-1], dict):
        return tuple(arguments[:-1]), arguments[-1]
    return tuple(arguments), {}
