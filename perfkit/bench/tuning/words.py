"""Figures and settings as sentences, tables and pictures show them."""

from __future__ import annotations

from collections.abc import Mapping

from perfkit.model.tuning import Setting
from perfkit.rules.savings import text

_UNITS = {"_us": "us", "_ms": "ms", "_s": "s", "_bytes": "bytes"}


def shown(name: str, value: float) -> str:
    """A figure with the unit that its name ends in.

    >>> shown("card_p50_ns", 1_600_000_000), shown("status_503", 13130), shown("window_s", 0.5)
    ('1.6 s', '13,130', '0.5 s')
    """
    if name.endswith("_ns"):
        return text(value) if value >= 0 else f"-{text(-value)}"
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return f"{value:,.4g} {unit}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def setting_shown(parameters: Setting) -> str:
    """A setting as a reader writes it down.

    >>> setting_shown({"batch": 25, "in_flight": 10, "window_s": 0.5})
    'batch 25, in_flight 10, window_s 0.5'
    """
    return ", ".join(f"{name} {value:g}" for name, value in parameters.items())


def goal_shown(goal: Mapping[str, float], value: float) -> str:
    """The goal with its unit, if all that is added up have the same."""
    endings = {name.rpartition("_")[2] for name in goal}
    return shown(f"_{endings.pop()}" if len(endings) == 1 else "", value)
