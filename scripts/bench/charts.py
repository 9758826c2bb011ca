"""Line charts as SVG text, for the documentation. Plain Python."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 60, 50  # margins around what is drawn
_COLOURS = ("#0b63ce", "#c2410c", "#15803d", "#7e22ce", "#a16207")
_MOST_MARKED = 12
_MOST_TICKS = 6


def line_chart(title: str, x_label: str, y_label: str, series: Mapping[str, Points]) -> str:
    """Return a chart of one line for each of `series`; both axes begin at 0."""
    points = [point for line in series.values() for point in line]
    x_ticks = _ticks(max((x for x, _ in points), default=1))
    y_ticks = _ticks(max((y for _, y in points), default=1))
    plane = _Plane(x_ticks[-1], y_ticks[-1])
    parts = [
        _text(_LEFT, 22, title, "font-weight='bold'"),
        *_axes(plane, x_ticks, y_ticks),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, x_label, "text-anchor='middle'"),
        _text(_WIDTH - _RIGHT, 22, y_label, "text-anchor='end'"),
    ]
    x_legend = _LEFT
    for (name, line), colour in zip(series.items(), _COLOURS, strict=False):
        parts += _line(plane, line, colour)
        parts.append(f"<rect x='{x_legend}' y='34' width='14' height='4' fill='{colour}'/>")
        parts.append(_text(x_legend + 20, 41, name))
        x_legend += 40 + 7 * len(name)
    inside = "\n".join(parts)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' "
        f"font-family='sans-serif' font-size='13' fill='#1f2328'>\n"
        f"<rect width='{_WIDTH}' height='{_HEIGHT}' fill='white'/>\n{inside}\n</svg>\n"
    )


class _Plane:
    """Where a point lies in the picture."""

    def __init__(self, x_most: float, y_most: float) -> None:
        self._x_scale = (_WIDTH - _LEFT - _RIGHT) / x_most
        self._y_scale = (_HEIGHT - _TOP - _BOTTOM) / y_most

    def x(self, value: float) -> float:
        return round(_LEFT + value * self._x_scale, 1)

    def y(self, value: float) -> float:
        return round(_HEIGHT - _BOTTOM - value * self._y_scale, 1)


def _ticks(most: float) -> list[float]:
    """Return round numbers from 0 to at least `most`, a few of them."""
    most = most if most > 1e-9 else 1.0
    step = 10.0 ** math.floor(math.log10(most))
    step = next(step * part for part in (0.2, 0.5, 1, 2) if most <= step * part * _MOST_TICKS)
    return [number * step for number in range(math.ceil(most / step - 1e-9) + 1)]


def _axes(plane: _Plane, x_ticks: list[float], y_ticks: list[float]) -> list[str]:
    parts = []
    for value in y_ticks:
        y = plane.y(value)
        parts.append(
            f"<line x1='{_LEFT}' y1='{y}' x2='{_WIDTH - _RIGHT}' y2='{y}' stroke='#d0d7de'/>"
        )
        parts.append(_text(_LEFT - 8, y + 4, f"{value:g}", "text-anchor='end'"))
    for value in x_ticks:
        place = "text-anchor='middle'"
        parts.append(_text(plane.x(value), _HEIGHT - _BOTTOM + 18, f"{value:g}", place))
    return parts


def _line(plane: _Plane, line: Points, colour: str) -> list[str]:
    places = [(plane.x(x), plane.y(y)) for x, y in line]
    path = " ".join(f"{x},{y}" for x, y in places)
    parts = [f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>"]
    if len(places) <= _MOST_MARKED:
        parts += [f"<circle cx='{x}' cy='{y}' r='4' fill='{colour}'/>" for x, y in places]
    return parts


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f"<text x='{x}' y='{y}' {more}>{escape(words)}</text>"
