"""Horizontal bars of elapsed time, one for each strategy, as SVG."""

from __future__ import annotations

from collections.abc import Iterable

from perfkit.report import svg
from perfkit.report.axis import Axis
from perfkit.report.strategies import Bar

_ROW = 36
_THICK = 11


def bars(group: Iterable[Bar], axis: Axis, label: str, identity: str) -> str:
    """The bars of one group. ``identity`` must be unique in the page: it names the hatch pattern.

    Baselines are grey, right answers blue, wrong ones hatched; the label beside each says it in words.
    """
    shown = list(group)
    bottom = _ROW * len(shown) + 4
    parts = (
        [f"<defs>{svg.hatch(identity, svg.VERMILION)}</defs>"]
        if any(b.role == "wrong" for b in shown)
        else []
    )
    marks = axis.ticks()
    parts += [svg.grid(marks, 0, bottom), *svg.labels(marks, bottom)]
    for index, bar in enumerate(shown):
        parts.extend(_one(bar, axis, index * _ROW, identity))
    return svg.drawing(parts, bottom + svg.AXIS_HEIGHT, label)


def _one(bar: Bar, axis: Axis, top: float, identity: str) -> Iterable[str]:
    yield svg.text("0", top + 14, bar.name)
    yield svg.text("100%", top + 14, bar.label, anchor="end", attributes='font-weight="600"')
    if bar.role == "none":
        return
    paint = {"baseline": svg.GREY, "right": svg.BLUE, "wrong": f"url(#{identity})"}[bar.role]
    outline = f' stroke="{svg.VERMILION}"' if bar.role == "wrong" else ""
    end = axis.percent(bar.elapsed_ns)
    yield svg.bar(0, end, top + 19, _THICK, least=0.4, attributes=f'fill="{paint}"{outline}')
    if bar.high_ns > bar.low_ns:
        low, high, middle = axis.percent(bar.low_ns), axis.percent(bar.high_ns), top + 19 + _THICK / 2
        stroke = 'stroke="currentColor" stroke-width="1.5"'
        yield svg.line(low, high, middle, middle, stroke)
        for place in (low, high):
            yield svg.line(place, place, middle - 4, middle + 4, stroke)
