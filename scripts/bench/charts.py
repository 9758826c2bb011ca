"""Line charts as SVG text, for the documentation. Process: command, in a checkout."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from matplotlib import rc, rc_context
from matplotlib.figure import Figure

Points = Sequence[tuple[float, float]]

_SIZE_INCHES = 10, 4.4  # at 72 points an inch
_COLOURS = ("#0b63ce", "#c2410c", "#15803d", "#7e22ce", "#a16207")
_MOST_MARKED = 12


def line_chart(title: str, x_label: str, y_label: str, series: Mapping[str, Points]) -> str:
    """Return a chart of one line for each of `series`; both axes begin at 0."""
    with rc_context():
        # Words stay text, so they can be searched; the same figures give the same file.
        rc("svg", fonttype="none", hashsalt="charts")
        rc("axes.spines", left=False, right=False, top=False)
        figure = Figure(figsize=_SIZE_INCHES, layout="tight")
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontweight="bold", pad=30)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(axis="y", color="#d0d7de")
        for (name, line), colour in zip(series.items(), _COLOURS, strict=False):
            mark = "o" if len(line) <= _MOST_MARKED else None
            xs, ys = zip(*line, strict=True) if line else ((), ())
            axes.plot(xs, ys, label=name, color=colour, marker=mark, gid=f"line of {name}")
        points = [point for line in series.values() for point in line]
        axes.set_xlim(0, _end(x for x, _ in points))
        axes.set_ylim(0, _end(y for _, y in points))
        if series:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(series), frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        return out.getvalue()


def _end(values: Iterable[float]) -> float:
    """Return where an axis ends: a little after its highest value."""
    most = max(values, default=0.0)
    return 1.05 * most if most > 1e-9 else 1.0
