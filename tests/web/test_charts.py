from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from verf.web import charts
from verf.web.chart_scales import runs, ticks

LABELS = ["Mon", "Tue", "Wed", "Thu"]
KNOWN = charts.Series(name="Stock", values=[5, None, 2, 1], area=True)


def parse(picture) -> ET.Element:
    return ET.fromstring(f"<div>{picture}</div>")


@pytest.mark.parametrize("low, high", [(0, 1), (0, 7), (-5, 12), (0, 1234567), (3, 3), (0, 0.004), (99, 101)])
def test_the_scale_is_round_and_encloses_the_data(low, high):
    scale = ticks(low, high)
    assert scale[0] <= low
    assert scale[-1] >= high
    assert 2 <= len(scale) <= 8
    steps = [round(after - before, 6) for before, after in pairwise(scale)]
    assert len(set(steps)) == 1


def test_a_gap_in_the_data_is_a_gap_in_the_line():
    assert runs([1, 2, None, 3, None]) == [[0, 1], [3]]


def test_every_point_can_be_heard():
    found = parse(charts.line(LABELS, [KNOWN], title="Stock")).findall(".//g[@class='datum']")
    per_picture = len(found) // len(charts.SIZES)
    assert per_picture == len(LABELS)
    assert found[0].get("aria-label").split() == ["Mon", "Stock:", "5"]
    assert found[1].get("aria-label") == "Tue"
    assert [one.get("tabindex") for one in found[:4]] == ["0", "-1", "-1", "-1"]


def test_names_from_outside_stay_text():
    evil = '"><script>alert(1)</script>'
    series = charts.Series(name=evil, values=[1, 2])
    picture = charts.line([evil, "b"], [series], title=evil, marks=[charts.Mark(value=1, label=evil)],
                          periods=[charts.Period(first=0, last=0, label=evil)])  # fmt: skip
    assert "<script>" not in picture
    assert parse(picture) is not None


def test_nothing_in_a_picture_needs_an_inline_style():
    picture = charts.bars(LABELS, [KNOWN], title="Stock", stacked=True) + charts.sparkline([1, 2, 3], title="Stock")
    assert "style=" not in picture


def test_pictures_survive_little_data():
    assert parse(charts.line([], [], title="Empty")) is not None
    assert parse(charts.line(["one"], [charts.Series(name="a", values=[1])], title="One")) is not None
    assert parse(charts.bars(["one"], [charts.Series(name="a", values=[None])], title="One")) is not None
    assert charts.sparkline([1], title="One") == ""
    flat = charts.line(LABELS, [charts.Series(name="a", values=[0, 0, 0, 0])], title="Flat")
    assert "nan" not in flat.lower()


def test_forecasts_ranges_and_marks_are_drawn():
    picture = charts.line(
        LABELS,
        [charts.Series(name="Forecast", values=[None, 4, 3, 2], dashed=True)],
        title="Stock",
        ranges=[charts.Range(name="Likely", low=[None, 3, 2, 1], high=[None, 5, 4, 3])],
        marks=[charts.Mark(value=2, label="Reorder")],
        periods=[charts.Period(first=1, last=2, label="Empty")],
    )
    for kind in ("line s0 dashed", "range", "mark", "period"):
        assert f'class="{kind}"' in picture
