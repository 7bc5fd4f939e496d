from datetime import UTC, datetime
from uuid import UUID

import pytest

from verf.errors import Invalid
from verf.kit import new_id
from verf.web import decode_cursor, encode_cursor


def test_a_cursor_brings_its_position_back():
    at, id_ = datetime(2026, 3, 1, tzinfo=UTC), new_id()
    assert decode_cursor(encode_cursor(at, id_), datetime, UUID) == (at, id_)
    assert decode_cursor(encode_cursor(None, 7), str | None, int) == (None, 7)


@pytest.mark.parametrize(
    "cursor", ["", "x", "%%%", "eyJhIjoxfQ", "ÿ", "A" * 600, encode_cursor(1), encode_cursor("a", "b")]
)
def test_any_other_text_is_an_unknown_cursor(cursor):
    with pytest.raises(Invalid) as found:
        decode_cursor(cursor, int, UUID)
    assert found.value.code == "unknown-cursor"
    assert "cursor" in found.value.fields
