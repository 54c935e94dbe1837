"""Where the marks of a chart stand: bars with intervals, and curves. Templates draw them as SVG.

All sizes are pixels.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

WIDTH = 640.0
_NAME_WIDTH, _VALUE_WIDTH = 96.0, 128.0
_BAR_HEIGHT, _ROW, _GROUP_GAP, _HEAD = 12.0, 18.0, 12.0, 20.0
_LEFT, _RIGHT, _TOP, _PLOT_HEIGHT, _BOTTOM = 48.0, 148.0, 12.0, 200.0, 36.0
_LABEL_HEIGHT = 15.0


class Value(NamedTuple):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class Bar(NamedTuple):
    """A bar from ``x``, its interval from ``low`` to ``high``; ``series`` counts from 0."""

    name: str
    series: int
    x: float
    y: float
    width: float
    low: float
    high: float
    value: str
    value_x: float


class Text(NamedTuple):
    """Words at a place."""

    text: str
    x: float
    y: float


class BarChart(NamedTuple):
    """Groups of bars from top to bottom."""

    title: str
    width: float
    height: float
    heads: Sequence[Text]
    bars: Sequence[Bar]
    empty: Sequence[Text]


class Curve(NamedTuple):
    """A line as the ``points`` of an SVG polyline, where it ends, and its name beside that."""

    series: int
    points: str
    end_x: float
    end_y: float
    label: Text


class CurveChart(NamedTuple):
    """Curves over one axis of steps."""

    title: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: Sequence[Text]
    y_ticks: Sequence[Text]
    curves: Sequence[Curve]


def bar_chart(
    title: str, groups: Mapping[str, Mapping[str, Value | None]], *, digits: int
) -> BarChart:
    """Bars of every series in every group; None is shown as such.

    Args:
        groups: name of the group -> name of the series -> value, none of them negative; all groups
            have the same series.
        digits: decimals of the values that stand at the bars.
    """
    values = [one for group in groups.values() for one in group.values() if one is not None]
    top = max((max(one.high, one.value) for one in values), default=0.0) or 1.0
    scale = (WIDTH - _NAME_WIDTH - _VALUE_WIDTH) / top
    heads, bars, empty = [], [], []
    y = 0.0
    for head, group in groups.items():
        heads.append(Text(head, 0.0, y + 14.0))
        y += _HEAD
        for series, (name, one) in enumerate(group.items()):
            if one is None:
                empty.append(Text(name, 0.0, y + 10.0))
            else:
                low, high = _NAME_WIDTH + scale * one.low, _NAME_WIDTH + scale * one.high
                width = scale * one.value
                shown = f"{one.value:.{digits}f} ({one.low:.{digits}f}–{one.high:.{digits}f})"
                value_x = max(_NAME_WIDTH + width, high) + 6.0
                bars.append(Bar(name, series, _NAME_WIDTH, y, width, low, high, shown, value_x))
            y += _ROW
        y += _GROUP_GAP
    return BarChart(title, WIDTH, y, heads, bars, empty)


def curve_chart(
    title: str, curves: Mapping[str, Sequence[tuple[float, float]]]
) -> CurveChart | None:
    """Curves through points (step, value); None where no curve has a point."""
    drawn = {name: points for name, points in curves.items() if points}
    if not drawn:
        return None
    steps = [x for points in drawn.values() for x, _ in points]
    values = [y for points in drawn.values() for _, y in points]
    x_ticks = ticks(min(0.0, *steps), max(steps))
    y_ticks = ticks(min(0.0, *values), max(values))
    right, bottom = WIDTH - _RIGHT, _TOP + _PLOT_HEIGHT

    def x_of(step: float) -> float:
        return _LEFT + (right - _LEFT) * (step - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])

    def y_of(value: float) -> float:
        return bottom - _PLOT_HEIGHT * (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])

    ends = {name: y_of(points[-1][1]) for name, points in drawn.items()}
    heights = spread(list(ends.values()))
    lines = [
        Curve(
            series,
            " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points),
            x_of(points[-1][0]),
            ends[name],
            Text(name, right + 32.0, height + 4.0),
        )
        for series, ((name, points), height) in enumerate(zip(drawn.items(), heights, strict=True))
    ]
    return CurveChart(
        title,
        WIDTH,
        bottom + _BOTTOM,
        _LEFT,
        right,
        _TOP,
        bottom,
        [Text(f"{tick:,.6g}", x_of(tick), bottom + 18.0) for tick in x_ticks],
        [Text(f"{tick:.6g}", _LEFT - 6.0, y_of(tick)) for tick in y_ticks],
        lines,
    )


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers, at most ``most``, from one not above ``low`` to one not below ``high``."""
    if high <= low:
        high = low + 1.0
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20, 50):
        size = factor * power
        first, last = math.floor(low / size), math.ceil(high / size)
        if last - first < most:
            break
    return [round(size * position, 10) for position in range(first, last + 1)]


def spread(heights: Sequence[float], gap: float = _LABEL_HEIGHT) -> list[float]:
    """Heights moved down as far as labels there need, so that none covers another."""
    moved = list(heights)
    order = sorted(range(len(heights)), key=heights.__getitem__)
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + gap)
    return moved
