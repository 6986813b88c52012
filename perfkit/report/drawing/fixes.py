"""What each fix of a chain saves, as SVG: each bar begins where the time after its fix ends."""

from __future__ import annotations

from perfkit.report.axis import axis_for
from perfkit.report.drawing import svg
from perfkit.report.drawing.bars import LEAST, ROW, THICK, TOP, named
from perfkit.report.view.fixes import Fixes


def fix_waterfall(fixes: Fixes, label: str) -> str:
    """The waterfall: each bar begins where the time after its fix ends, and is as long as what it saves."""
    chain = fixes.chain
    axis = axis_for((row.before_ns for row in chain), allow_log=False)
    bottom = ROW * (len(chain) + 1) + 4
    marks = axis.ticks()
    steps: dict[str, list[svg.Place]] = {svg.BLUE: [], svg.VERMILION: []}
    for index, row in enumerate(chain):
        start, end = sorted((axis.percent(row.before_ns), axis.percent(row.after_ns)))
        paint = svg.BLUE if row.after_ns <= row.before_ns else svg.VERMILION
        steps[paint].append((start, max(end, start + LEAST), index * ROW + TOP))
    steps[svg.GREY] = [(0, max(axis.percent(chain[-1].after_ns), LEAST), len(chain) * ROW + TOP)]
    paths = [svg.grid(marks, (0, bottom))]
    paths += [svg.strokes(places, THICK, paint) for paint, places in steps.items()]
    names = named([*((row.name, row.saves) for row in chain), ("left", chain[-1].after)])
    parts = [svg.stretched(paths, bottom), names, *svg.labels(marks, bottom)]
    return svg.drawing(parts, bottom + svg.AXIS_HEIGHT, label)
