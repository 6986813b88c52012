"""Horizontal bars of elapsed time, one for each strategy, as SVG."""

from __future__ import annotations

from collections.abc import Iterable

from perfkit.report.drawing import svg
from perfkit.report.drawing.axis import Axis
from perfkit.report.view.strategies import Bar

ROW = 36
"""Height of a name with its bar below it."""

_THICK = 11


def bars(group: Iterable[Bar], axis: Axis, label: str, identity: str) -> str:
    """The bars of one group. ``identity`` must be unique in the page: it names the hatch pattern.

    Baselines are grey, right answers blue, wrong ones hatched; the label beside each says it in words.
    """
    shown = list(group)
    bottom = ROW * len(shown) + 4
    parts = (
        [f"<defs>{svg.hatch(identity, svg.VERMILION)}</defs>"]
        if any(b.role == "wrong" for b in shown)
        else []
    )
    marks = axis.ticks()
    parts += [svg.grid(marks, 0, bottom), *svg.labels(marks, bottom)]
    for index, bar in enumerate(shown):
        parts.extend(_one(bar, axis, index * ROW, identity))
    return svg.drawing(parts, bottom + svg.AXIS_HEIGHT, label)


def named_bar(name: str, label: str, top: float, start: float, end: float, attributes: str) -> Iterable[str]:
    """A bar from ``start`` to ``end`` per cent, below its name and its label in one line."""
    yield from _named(name, label, top)
    yield svg.bar(start, end, top + 19, _THICK, least=0.4, attributes=attributes)


def _named(name: str, label: str, top: float) -> Iterable[str]:
    yield svg.text("0", top + 14, name)
    yield svg.text("100%", top + 14, label, anchor="end", attributes='font-weight="600"')


def _one(bar: Bar, axis: Axis, top: float, identity: str) -> Iterable[str]:
    if bar.role == "none":
        yield from _named(bar.name, bar.label, top)
        return
    paint = {"baseline": svg.GREY, "right": svg.BLUE, "wrong": f"url(#{identity})"}[bar.role]
    outline = f' stroke="{svg.VERMILION}"' if bar.role == "wrong" else ""
    end = axis.percent(bar.elapsed_ns)
    yield from named_bar(bar.name, bar.label, top, 0, end, f'fill="{paint}"{outline}')
    if bar.high_ns > bar.low_ns:
        low, high, middle = axis.percent(bar.low_ns), axis.percent(bar.high_ns), top + 19 + _THICK / 2
        stroke = 'stroke="currentColor" stroke-width="1.5"'
        yield svg.line(low, high, middle, middle, stroke)
        for place in (low, high):
            yield svg.line(place, place, middle - 4, middle + 4, stroke)
