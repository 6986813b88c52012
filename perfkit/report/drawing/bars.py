"""Horizontal bars of elapsed time, one for each strategy, as SVG."""

from __future__ import annotations

from collections.abc import Iterable

from perfkit.report.axis import Axis
from perfkit.report.drawing import svg
from perfkit.report.view.strategies import Bar

ROW = 36
"""Height of a name with its bar below it."""

TOP, THICK = 19, 11
LEAST = 0.4
"""Per cent of the width that a bar has at least, so that it is seen."""


def bars(group: Iterable[Bar], axis: Axis, label: str, identity: str) -> str:
    """The bars of one group. ``identity`` must be unique in the page: it names the hatch pattern.

    Baselines are grey, right answers blue, wrong ones hatched; the label beside each says it in words.
    """
    shown = list(group)
    bottom = ROW * len(shown) + 4
    marks = axis.ticks()
    paths = [svg.grid(marks, (0, bottom))]
    for role, colour in (("baseline", svg.GREY), ("right", svg.BLUE)):
        paths.append(svg.strokes([(0, _end(bar, axis), y) for bar, y in _rows(shown, role)], THICK, colour))
    parts = [svg.stretched(paths, bottom), named((bar.name, bar.label) for bar in shown)]
    wrong = _rows(shown, "wrong")
    if wrong:
        parts.append(f"<defs>{svg.hatch(identity, svg.VERMILION)}</defs>")
        paint = f'fill="url(#{identity})" stroke="{svg.VERMILION}"'
        parts += [svg.bar(0, _end(bar, axis), y, THICK, attributes=paint) for bar, y in wrong]
    parts += [_whisker(bar, axis, index) for index, bar in enumerate(shown) if bar.high_ns > bar.low_ns]
    return svg.drawing([*parts, *svg.labels(marks, bottom)], bottom + svg.AXIS_HEIGHT, label)


def named(rows: Iterable[tuple[str, str]]) -> str:
    """The name and the label of each row, in one line above its bar."""
    names, labels = "", ""
    for index, (name, label) in enumerate(rows):
        names += svg.text("0", index * ROW + 14, name)
        labels += svg.text("100%", index * ROW + 14, label)
    return f'{names}<g text-anchor="end" font-weight="600">{labels}</g>'


def _rows(shown: list[Bar], role: str) -> list[tuple[Bar, float]]:
    """The bars of that role and where they are."""
    return [(bar, index * ROW + TOP) for index, bar in enumerate(shown) if bar.role == role]


def _end(bar: Bar, axis: Axis) -> float:
    return max(axis.percent(bar.elapsed_ns), LEAST)


def _whisker(bar: Bar, axis: Axis, index: int) -> str:
    """From the smallest to the largest sample."""
    low, high, middle = axis.percent(bar.low_ns), axis.percent(bar.high_ns), index * ROW + TOP + THICK / 2
    ends = "".join(svg.line(place, place, middle - 4, middle + 4) for place in (low, high))
    return f'<g stroke="currentColor" stroke-width="1.5">{svg.line(low, high, middle, middle)}{ends}</g>'
