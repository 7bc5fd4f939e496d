"""Charts drawn on the server as SVG: themed by the style sheet, readable without scripts, walkable by keyboard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from markupsafe import Markup, escape

from verf.web.chart_scales import Frame, path, runs, ticks
from verf.web.formats import format_compact, format_number

Format = Callable[[float], str]
# Text in an SVG shrinks with the picture, so there is one picture for each kind of place; the style sheet shows one.
SIZES = {"wide": (1040, 10), "medium": (620, 6), "narrow": (360, 3)}
GRID = Markup(
    '<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/><text x="{}" y="{label:.1f}" class="end">{}</text>'
)
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line or one colour of bars; None is a gap. `dashed` is for what is not known but foretold."""

    name: str
    values: Sequence[float | None]
    area: bool = False
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Range:
    """A shaded band between two lines, such as the likely range of a forecast."""

    name: str
    low: Sequence[float | None]
    high: Sequence[float | None]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A level to compare with, such as the reorder point."""

    value: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of labels, both ends included, such as days without stock."""

    first: int
    last: int
    label: str


def line(  # noqa: PLR0913  # a chart has this many independent choices
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    height: int = 250,
    ranges: Sequence[Range] = (),
    marks: Sequence[Mark] = (),
    periods: Sequence[Period] = (),
    short: Format = format_compact,
    full: Format = format_number,
) -> Markup:
    """Several lines over the same labels. `short` writes the axis, `full` the values under the pointer."""
    levels = [value for one in series for value in one.values if value is not None]
    levels += [value for one in ranges for value in (*one.low, *one.high) if value is not None]
    levels += [mark.value for mark in marks]
    scale = ticks(min([0, *levels]), max([0, *levels]) or 1)

    def picture(width: int, most_labels: int, key: str) -> Markup:
        frame = Frame(width, height, scale[0], scale[-1], len(labels))
        parts = [_gradient(key), _grid(frame, scale, short), *(_period(frame, period) for period in periods)]
        parts += [_range(frame, one) for one in ranges]
        parts += [_line(frame, one, index, key) for index, one in reversed(list(enumerate(series)))]
        parts += [*(_mark(frame, mark) for mark in marks), _labels(frame, labels, most_labels, frame.x)]
        parts += [_point(frame, index, label, series, full) for index, label in enumerate(labels)]
        return Markup("").join(parts)

    return _both_sizes(title, height, picture)


def bars(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    height: int = 250,
    stacked: bool = False,
    marks: Sequence[Mark] = (),
    short: Format = format_compact,
    full: Format = format_number,
) -> Markup:
    """Bars side by side, or on top of each other when stacked."""
    columns = [[one.values[index] or 0 for one in series] for index in range(len(labels))]
    levels = [value for column in columns for value in ([sum(column)] if stacked else column)]
    levels += [mark.value for mark in marks]
    scale = ticks(min([0, *levels]), max([0, *levels]) or 1)

    def picture(width: int, most_labels: int, key: str) -> Markup:
        frame = Frame(width, height, scale[0], scale[-1], len(labels))
        parts = [_grid(frame, scale, short)]
        for index, (label, column) in enumerate(zip(labels, columns, strict=True)):
            rectangles = _stack(frame, index, column) if stacked else _cluster(frame, index, column)
            parts.append(_slot(frame, index, _tip(label, index, series, full), rectangles))
        parts += [_mark(frame, mark) for mark in marks]
        middle: Callable[[int], float] = lambda index: frame.slot_start(index) + frame.slot / 2  # noqa: E731
        return Markup("").join([*parts, _labels(frame, labels, most_labels, middle)])

    return _both_sizes(title, height, picture)


def sparkline(values: Sequence[float | None], *, title: str, width: int = 120, height: int = 32) -> Markup:
    """A line without axes, for tiles and table cells."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    frame = Frame(width, height, min(known), max(known), len(values), left=2, right=2, top=3, bottom=3)
    lines = _line(frame, Series(name=title, values=values), 0, "")
    return Markup(
        '<svg class="sparkline" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(width, height, title, lines)


def _both_sizes(title: str, height: int, picture: Callable[[int, int, str], Markup]) -> Markup:
    pictures = [
        Markup('<svg class="chart-{}" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>').format(
            size, width, height, title, picture(width, most_labels, f"c{next(_numbers)}")
        )
        for size, (width, most_labels) in SIZES.items()
    ]
    return Markup('<div class="chart-frame">{}</div>').format(Markup("").join(pictures))


def _gradient(key: str) -> Markup:
    return Markup(
        '<defs><linearGradient id="{}" x1="0" x2="0" y1="0" y2="1"><stop offset="0" stop-opacity=".22"/>'
        '<stop offset="1" stop-opacity="0"/></linearGradient></defs>'
    ).format(key)


def _grid(frame: Frame, scale: Sequence[float], short: Format) -> Markup:
    return Markup("").join(
        GRID.format(
            frame.left, frame.width - frame.right, frame.left - 8, short(tick), y=frame.y(tick), label=frame.y(tick) + 4
        )
        for tick in scale
    )


def _labels(frame: Frame, labels: Sequence[str], most: int, x: Callable[[int], float]) -> Markup:
    step = max(1, -(-len(labels) // most))
    return Markup("").join(
        Markup('<text x="{:.1f}" y="{}" class="middle">{}</text>').format(
            min(max(x(index), frame.left + 8), frame.width - frame.right - 16), frame.height - 8, labels[index]
        )
        for index in range(0, len(labels), step)
    )


def _line(frame: Frame, series: Series, index: int, key: str) -> Markup:
    drawn = Markup("")
    for run in runs(series.values):
        points = [(frame.x(at), frame.y(series.values[at] or 0)) for at in run]
        way = path(points)
        if series.area:
            ground = frame.y(max(frame.low, 0))
            drawn += Markup('<path class="area s{}" fill="url(#{})" d="{}L{:.1f} {g:.1f}L{:.1f} {g:.1f}Z"/>').format(
                index, key, way, points[-1][0], points[0][0], g=ground
            )
        drawn += Markup('<path class="line s{}{}" d="{}"/>').format(index, " dashed" if series.dashed else "", way)
    return drawn


def _range(frame: Frame, band: Range) -> Markup:
    known = [
        at
        for at, (low, high) in enumerate(zip(band.low, band.high, strict=True))
        if low is not None and high is not None
    ]
    if not known:
        return Markup("")
    above = path([(frame.x(at), frame.y(band.high[at] or 0)) for at in known])
    below = path([(frame.x(at), frame.y(band.low[at] or 0)) for at in reversed(known)])
    return Markup('<path class="range" d="{}L{}Z"><title>{}</title></path>').format(above, below[1:], band.name)


def _mark(frame: Frame, mark: Mark) -> Markup:
    y = frame.y(mark.value)
    return Markup(
        '<line class="mark" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text class="end mark-label" x="{}" y="{t:.1f}">{}</text>'
    ).format(frame.left, frame.width - frame.right, frame.width - frame.right, escape(mark.label), y=y, t=y - 6)


def _period(frame: Frame, period: Period) -> Markup:
    half = frame.inner_width / max(frame.count - 1, 1) / 2
    start = max(frame.x(period.first) - half, frame.left)
    end = min(frame.x(period.last) + half, frame.width - frame.right)
    return Markup(
        '<rect class="period" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
    ).format(start, frame.top, end - start, frame.floor - frame.top, period.label)


def _tip(label: str, index: int, series: Sequence[Series], full: Format) -> str:
    known = [(one.name, one.values[index]) for one in series]
    return "\n".join([label, *(f"{name}: {full(value)}" for name, value in known if value is not None)])


def _point(frame: Frame, index: int, label: str, series: Sequence[Series], full: Format) -> Markup:
    width = frame.inner_width / max(frame.count - 1, 1)
    start = max(frame.x(index) - width / 2, frame.left)
    end = min(frame.x(index) + width / 2, frame.width - frame.right)
    dots = Markup("").join(
        Markup('<circle class="s{}" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(at, frame.x(index), frame.y(value))
        for at, one in enumerate(series)
        if (value := one.values[index]) is not None
    )
    pointer = Markup('<line x1="{x:.1f}" x2="{x:.1f}" y1="{}" y2="{:.1f}"/>').format(
        frame.top, frame.floor, x=frame.x(index)
    )
    return Markup(
        '<g class="datum" tabindex="{}" role="img" aria-label="{}" data-tip="{}"><g class="pointer">{}{}</g>'
        '<rect class="hit" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}"/></g>'
    ).format(
        -1 if index else 0, *[_tip(label, index, series, full)] * 2, pointer, dots,
        start, frame.top, max(end - start, 1), frame.floor - frame.top,
    )  # fmt: skip


def _slot(frame: Frame, index: int, tip: str, rectangles: Markup) -> Markup:
    return Markup(
        '<g class="datum bars" tabindex="{}" role="img" aria-label="{}" data-tip="{}">'
        '<rect class="hit" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}"/>{}</g>'
    ).format(
        -1 if index else 0,
        tip,
        tip,
        frame.slot_start(index),
        frame.top,
        frame.slot,
        frame.floor - frame.top,
        rectangles,
    )


def _cluster(frame: Frame, index: int, column: Sequence[float]) -> Markup:
    gap = min(frame.slot * 0.3, 18)
    width = min((frame.slot - gap) / max(len(column), 1), 44)
    start = frame.slot_start(index) + (frame.slot - width * len(column)) / 2
    return Markup("").join(
        _bar(frame, at, start + width * at, width - (1 if len(column) > 1 else 0), base=0, top=value)
        for at, value in enumerate(column)
    )


def _stack(frame: Frame, index: int, column: Sequence[float]) -> Markup:
    width = min(frame.slot * 0.7, 44)
    start = frame.slot_start(index) + (frame.slot - width) / 2
    drawn, base = Markup(""), 0.0
    for at, value in enumerate(column):
        drawn += _bar(frame, at, start, width, base=base, top=base + value)
        base += value
    return drawn


def _bar(frame: Frame, at: int, x: float, width: float, *, base: float, top: float) -> Markup:
    upper, lower = sorted((frame.y(base), frame.y(top)))
    return Markup('<rect class="bar s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3"/>').format(
        at, x, upper, max(width, 1), max(lower - upper, 0)
    )
