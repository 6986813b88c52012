"""What each setting of a tuning gives, as a map: two parameters, and a third as panels; by matplotlib.

Dark is better; a hatched cell breaks a limit or went wrong; the choice is framed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.bench.tuning.judging import best, is_candidate
from perfkit.bench.tuning.words import goal_shown
from perfkit.model.tuning import Point, Tuning
from perfkit.report import units
from perfkit.report.drawing.matplotlib_svg import drawing, saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_PANELS = 4
MAX_COLUMNS = 12
MOST_FACTOR = 20.0
"""What is so many times worse than the best is as pale as it gets."""

_COLOURS = "Blues_r"
_FRAME = "#d5561f"
_HATCH = "#a0a7af"
_INK = "#1c2128"


@dataclass(frozen=True)
class Plane:
    """Which parameter lies where; ``down`` and ``panel`` are empty where there are not so many."""

    across: str
    down: str
    panel: str


def heat_map(tuning: Tuning, *, kind: str = "svg") -> bytes:
    """The map as "svg" or "png". Raises MissingExtraError without matplotlib."""
    plane = plane_of(tuning)
    across, down = _values(tuning, plane.across, MAX_COLUMNS), _values(tuning, plane.down, MAX_COLUMNS)
    panels = _values(tuning, plane.panel, MAX_PANELS)
    with drawing(kind, "the heat map"):
        from matplotlib.figure import Figure

        columns = min(2, len(panels))
        rows = -(-len(panels) // columns)
        size = max(3.2, 1.2 + 0.72 * len(across)) * columns, (1.3 + 0.42 * len(down)) * rows
        figure = Figure(figsize=size, layout="constrained")
        for number, value in enumerate(panels):
            axes = figure.add_subplot(rows, columns, number + 1)
            _panel(axes, tuning, plane, (across, down), value)
        return saved(figure, kind)


def write_heat_maps(tunings: Sequence[Tuning], beside: Path) -> list[Path]:
    """SVG and PNG of each tuning beside a stored run; with several the strategy is in the name."""
    from perfkit.model.storage import write_atomic

    stem = beside.name.removesuffix(".gz").removesuffix(".json")
    written = []
    for tuning in tunings:
        if not tuning.points:
            continue
        which = "" if len(tunings) == 1 else "-" + "".join(c if c.isalnum() else "_" for c in tuning.strategy)
        for kind in ("svg", "png"):
            path = beside.with_name(f"{stem}.heatmap{which}.{kind}")
            written.append(write_atomic(path, heat_map(tuning, kind=kind)))
    return written


def plane_of(tuning: Tuning) -> Plane:
    """What is in flight lies across, if a parameter bounds it; the other parameters follow as declared."""
    bound = tuning.knee.parameter if tuning.knee else ""
    names = sorted(tuning.parameters, key=lambda name: name != bound)
    return Plane(*[*names, "", ""][:3])


def _values(tuning: Tuning, name: str, most: int) -> list[float]:
    """The declared values and the chosen one; the nearest to it where there are too many."""
    if not name:
        return [0.0]
    chosen = (tuning.chosen or {}).get(name)
    values = sorted({*tuning.parameters[name], *([] if chosen is None else [chosen])})
    middle = values.index(chosen) if chosen in values else 0
    near = sorted(range(len(values)), key=lambda index: (abs(index - middle), index))[:most]
    return [values[index] for index in sorted(near)]


def _panel(
    axes: Axes, tuning: Tuning, plane: Plane, values: tuple[list[float], list[float]], panel: float
) -> None:
    across, down = values
    for x, column in enumerate(across):
        for y, row in enumerate(down):
            wanted = {plane.across: column, plane.down: row, plane.panel: panel}
            point = _shown_point(tuning, wanted)
            if point is not None:
                _cell(axes, x, y, point, tuning)
    axes.set_xlim(-0.5, len(across) - 0.5)
    axes.set_ylim(-0.5, len(down) - 0.5)
    axes.set_xticks(range(len(across)), [f"{value:g}" for value in across])
    axes.set_yticks(range(len(down)), [f"{value:g}" for value in down] if plane.down else [""])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(units.clean(plane.across, 40), parse_math=False)
    axes.set_ylabel(units.clean(plane.down, 40), parse_math=False)
    if plane.panel:
        axes.set_title(f"{units.clean(plane.panel, 40)} {panel:g}", fontsize=11, parse_math=False)


def _shown_point(tuning: Tuning, wanted: dict[str, float]) -> Point | None:
    """The best of all points with these values; parameters that have no place in the map are free."""
    wanted = {name: value for name, value in wanted.items() if name}
    there = [p for p in tuning.points if all(p.parameters[name] == value for name, value in wanted.items())]
    chosen = next((point for point in there if point.parameters == tuning.chosen), None)
    return chosen or best(there) or next(iter(there), None)


def _cell(axes: Axes, x: int, y: int, point: Point, tuning: Tuning) -> None:
    from matplotlib.patches import Rectangle

    right = is_candidate(point)
    shade, ink = _shade(point, tuning) if right else ("none", "")
    style: dict[str, Any] = {"facecolor": shade, "edgecolor": _HATCH, "linewidth": 0.5}
    if not right:
        style["hatch"] = "////"
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **style))
    if point.parameters == tuning.chosen:
        frame: dict[str, Any] = {"facecolor": "none", "edgecolor": _FRAME, "linewidth": 2.5, "zorder": 3}
        axes.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, **frame))
    label = "fails" if point.goal is None else goal_shown(tuning.goal, point.goal)
    text: dict[str, Any] = {"color": ink}
    if not right:  # legible on the hatching
        text = {"color": _INK, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5}}
    axes.text(x, y, label, ha="center", va="center", fontsize=8, parse_math=False, **text)


def _shade(point: Point, tuning: Tuning) -> tuple[str, str]:
    """The colour of a cell and that of its text: the logarithm of how much worse than the best it is."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    goals = [p.goal for p in tuning.points if is_candidate(p) and p.goal is not None]
    least, goal = min(goals, default=0.0), point.goal or 0.0
    worse = goal / least if least > 0 and goal > 0 else 1.0
    share = min(1.0, math.log(max(1.0, worse)) / math.log(MOST_FACTOR))
    return to_hex(colormaps[_COLOURS](0.1 + 0.85 * share)), "white" if share < 0.45 else _INK
