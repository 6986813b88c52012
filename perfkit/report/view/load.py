"""The load curve of a tuning: goal and throughput against what is in flight, with the knee."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.bench.tuning.judging import is_candidate
from perfkit.bench.tuning.words import setting_shown
from perfkit.model import Point, Tuning
from perfkit.report import units
from perfkit.report.view import goals


@dataclass(frozen=True)
class LoadCurve:
    """Points of (in flight, value), the other parameters as chosen (``others``).

    ``goals`` are in nanoseconds if ``in_time``; ``rates`` are ``unit`` per second. ``broken`` has the values
    of what is in flight that break a limit. ``needed`` is the knee by Little's law, ``flat_from`` the
    measured one.
    """

    parameter: str
    goal: str
    others: str
    unit: str
    in_time: bool
    goals: tuple[tuple[float, float], ...]
    rates: tuple[tuple[float, float], ...]
    broken: tuple[float, ...]
    needed: float
    flat_from: float | None
    caption: str

    @property
    def label(self) -> str:
        """The drawing in words."""
        return f"Load curve: goal and throughput against {self.parameter}; {self.caption}"


def load_curve(tuning: Tuning) -> LoadCurve | None:
    """The curve, or None where no parameter bounds what is in flight or one value alone was measured."""
    knee, chosen = tuning.knee, tuning.chosen
    if knee is None or chosen is None:
        return None
    name = knee.parameter
    beside = [point for point in tuning.points if {**point.parameters, name: chosen[name]} == chosen]
    along = sorted((point for point in beside if point.goal), key=lambda point: point.parameters[name])
    if len(along) < 2:
        return None
    rest = {other: value for other, value in chosen.items() if other != name}
    return LoadCurve(
        parameter=units.clean(name, 40),
        goal=goals.spelled(tuning.goal),
        others=units.clean(setting_shown(rest), 40) or "measured",
        unit=units.clean(tuning.unit, 24),
        in_time=all(figure.endswith("_ns") for figure in tuning.goal),
        goals=tuple((point.parameters[name], float(point.goal or 0)) for point in along),
        rates=tuple((point.parameters[name], rate) for point in along if (rate := _rate(point))),
        broken=tuple(point.parameters[name] for point in along if not is_candidate(point)),
        needed=knee.needed,
        flat_from=knee.flat_from,
        caption=_caption(tuning, name),
    )


def _rate(point: Point) -> float:
    """Units of work per second of the whole."""
    elapsed_ns = point.figures.get("elapsed_ns", 0)
    return point.size * 1e9 / elapsed_ns if elapsed_ns else 0.0


def _caption(tuning: Tuning, name: str) -> str:
    knee = tuning.knee
    assert knee is not None  # noqa: S101 - the caller has looked
    law = f"the knee by Little's law is at {name} {knee.needed:.3g}"
    if knee.flat_from is None:
        return units.clean(f"{law}; the measured curve still falls up to {knee.most:g}", 200)
    return units.clean(f"{law}; the measured curve is flat from {knee.flat_from:g}", 200)
