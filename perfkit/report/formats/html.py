"""The report as one self-contained HTML file: no script, no network, the same bytes for the same run."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from perfkit.errors import MissingExtraError
from perfkit.model import Run, ScenarioResult
from perfkit.report import units
from perfkit.report.drawing.bars import bars
from perfkit.report.drawing.heatmap import heat_map
from perfkit.report.drawing.inline_svg import inline
from perfkit.report.drawing.picture import curves, growth_figure
from perfkit.report.drawing.timeline import places, timeline
from perfkit.report.drawing.waterfall import waterfall
from perfkit.report.view import fixes, rule_pages
from perfkit.report.view.findings import MAX_ROWS
from perfkit.report.view.page import page
from perfkit.report.view.strategies import groups
from perfkit.report.view.tuned import Tuned

if TYPE_CHECKING:
    from jinja2 import Environment


def render(run: Run) -> bytes:
    """The file's bytes."""
    return render_html(run).encode()


def render_html(run: Run) -> str:
    """The whole page. Raises MissingExtraError without jinja2, markdown-it-py or matplotlib."""
    environment = _environment()
    return environment.get_template("report.html.j2").render(page=page(run))


def _environment() -> Environment:
    """Templates from the package, escaping all that is not a drawing made here."""
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("the HTML report", "jinja2", "report") from error

    def safe(function: Any) -> Any:
        return lambda *arguments: Markup(function(*arguments))  # noqa: S704 - drawings and pages escape their texts

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        css=Markup(_template("report.css")),  # noqa: S704 - a file of this package
        bars=safe(bars),
        fix_waterfall=safe(fixes.drawing),
        waterfall=safe(waterfall),
        rule_page=safe(rule_pages.html),
        heat_map=safe(_heat_map),
        max_rows=MAX_ROWS,
        timelines=lambda scenario, prefix: [
            (caption, Markup(drawing))  # noqa: S704 - matplotlib escapes its texts
            for caption, drawing in _timelines(scenario, prefix)
        ],
        growth=lambda scenario, prefix: [
            (caption, Markup(drawing))  # noqa: S704 - matplotlib escapes its texts
            for caption, drawing in _growth(scenario, prefix)
        ],
    )
    return environment


def _template(name: str) -> str:
    return (resources.files("perfkit.report") / "templates" / name).read_text(encoding="utf-8")


def _heat_map(tuned: Tuned, prefix: str) -> str:
    label = "Goal of each setting; the best ones are in the table above"
    return inline(heat_map(tuned.source).decode(), f"{prefix}-map", label)


def _timelines(scenario: ScenarioResult, prefix: str) -> list[tuple[str, str]]:
    """What was measured over time, with its caption, for each world."""
    titles = {world.name: world.title or world.name for world in scenario.worlds}
    found = []
    for number, (world, size) in enumerate(places(scenario)):
        marks = "".join(f"; shaded: {mark.title}" for mark in scenario.marks)
        caption = units.clean(f"{titles[world]}, {size:,} {scenario.unit}{marks}", 300)
        label = f"Figures over time, panel {number + 1}; the table below has their quantiles"
        drawing = timeline(scenario, world, size).decode()
        found.append((caption, inline(drawing, f"{prefix}-{number}", label)))
    return found


def _growth(scenario: ScenarioResult, prefix: str) -> list[tuple[str, str]]:
    """A chart with its caption for each world and group that was measured at more than one size."""
    found = []
    for number, world in enumerate(scenario.worlds):
        for index, group in enumerate(groups(scenario)):
            if not any(len(points) > 1 for _, points, _ in curves(scenario, world.name, group)):
                continue
            drawing = growth_figure(scenario, world.name, group).decode()
            caption = ", ".join(
                filter(None, (units.clean(world.title or world.name, 120), units.clean(group, 60)))
            )
            label = f"Time against size, panel {number + 1}.{index + 1}; the slopes are in its legend"
            found.append((caption, inline(drawing, f"{prefix}-{number}-{index}", label)))
    return found
