"""Where an API listing goes on: opaque to clients, checked when it comes back."""

import base64
import binascii
import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from verf.errors import Invalid
from verf.web.locales import gettext as _

LONGEST = 500
# Made once: a type adapter costs more than the listing's query.
POSITION = TypeAdapter(list[Any])


class UnknownCursor(Invalid):
    """The cursor was not made by this listing."""


def encode_cursor(*position: Any) -> str:
    """The sort key and id of the last row shown: encode_cursor(row.created_at, row.id)."""
    plain = POSITION.dump_python(list(position), mode="json")
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: Any) -> tuple[Any, ...]:
    """The position again, each part of the type the listing expects: decode_cursor(text, datetime, UUID)."""
    expected: TypeAdapter[tuple[Any, ...]] = TypeAdapter(tuple.__class_getitem__(tuple(types)))  # type: ignore[arg-type]
    try:
        return expected.validate_json(_bytes(cursor))
    except (ValidationError, ValueError, binascii.Error) as error:
        message = _("This cursor is unknown. Start again without one.")
        raise UnknownCursor(message, fields={"cursor": message}) from error


def _bytes(cursor: str) -> bytes:
    if len(cursor) > LONGEST:
        raise ValueError("The cursor is too long.")
    return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
