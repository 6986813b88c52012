"""The report as one self-contained HTML file: no network, the same bytes for the same run.

Everything is in it without scripts; those it has only add, and its policy permits no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from perfkit.model import Run, ScenarioResult
from perfkit.report import units
from perfkit.report.document import INDEX, document, environment, templates
from perfkit.report.drawing.bars import bars
from perfkit.report.drawing.fixes import fix_waterfall
from perfkit.report.drawing.flame import flame
from perfkit.report.drawing.growth import growth
from perfkit.report.drawing.heatmap import heat_map
from perfkit.report.drawing.inline_svg import inline
from perfkit.report.drawing.kinds import colour_of
from perfkit.report.drawing.load_curve import load_curve
from perfkit.report.drawing.timeline import places, timeline
from perfkit.report.drawing.waterfall import waterfall
from perfkit.report.view import rule_pages, spans
from perfkit.report.view.findings import parted
from perfkit.report.view.page import page
from perfkit.report.view.tuned import Tuned

if TYPE_CHECKING:
    from jinja2 import Environment


def render(run: Run) -> bytes:
    """The file's bytes."""
    return render_html(run).encode()


def render_html(run: Run) -> str:
    """The whole page. Raises MissingExtraError without jinja2 or markdown-it-py.

    A tuning's heat map needs matplotlib as well.
    """
    templated = _environment()
    shown = page(run)
    body = templated.get_template("report.html.j2").render(page=shown, spans=spans.of_run(run))
    styles = tuple(name for name in templates(".css") if name != INDEX)
    return document(shown.title, body, styles=styles, scripts=templates(".js"))


@cache
def _environment() -> Environment:
    """The templates with all drawings."""
    html: dict[str, Callable[..., str]] = {
        "bars": bars,
        "fix_waterfall": fix_waterfall,
        "waterfall": waterfall,
        "growth": growth,
        "flame": flame,
        "load_curve": load_curve,
        "heat_map": _heat_map,
        "rule_page": rule_pages.html,
        "drawn": str,
    }
    functions: dict[str, Callable[..., object]] = {
        "parted": parted,
        "timelines": _timelines,
        "colour_of": colour_of,
    }
    return environment("the HTML report", html, functions)


def _heat_map(tuned: Tuned, prefix: str) -> str:
    label = "Goal of each setting; the best ones are in the table above"
    return inline(heat_map(tuned.source).decode(), f"{prefix}-map", label)


def _timelines(scenario: ScenarioResult) -> Iterator[tuple[str, str]]:
    """What was measured over time, with its caption, for each world."""
    titles = {world.name: world.title or world.name for world in scenario.worlds}
    marks = "".join(f"; shaded: {mark.title}" for mark in scenario.marks)
    for world, size in places(scenario):
        caption = units.clean(f"{titles[world]}, {size:,} {scenario.unit}{marks}", 300)
        label = f"Figures over time, {caption}; the table below has their quantiles"
        yield caption, timeline(scenario, world, size, label)
