from datetime import timedelta

import pytest
import typer

from verf.cli.durations import duration


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+35d", timedelta(days=35)),
        ("35d", timedelta(days=35)),
        ("2h30m", timedelta(hours=2, minutes=30)),
        ("+1w", timedelta(weeks=1)),
        (" 90S ", timedelta(seconds=90)),
    ],
)
def test_durations_are_read_as_people_type_them(text: str, meant: timedelta) -> None:
    assert duration(text) == meant


@pytest.mark.parametrize("text", ["", "35", "-1d", "1 day", "0s", "d", "1d2x", "1.5h"])
def test_anything_else_is_explained(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        duration(text)
