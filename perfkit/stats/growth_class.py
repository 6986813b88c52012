"""The growth class of a counter over sizes: forms that fit exactly, else an exponent. Pure functions.

A class is a claim about sizes that were not measured, so it says no more than the values show: a step width
that several numbers explain is given as their range, and a form that any two points would fit is not named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from perfkit.stats.growth import exponent

TOLERANCE = 0.25
"""Fitted exponents that differ by less are no other class: n log n has 1.15 between 100 and 10,000."""

MAX_CONSTANT = 3
"""What may come on top of ``ceil(n/k)``: with larger constants almost any values would fit."""

_STEP_DEGREE = 0.5
"""``ceil(n/50)`` counts as more than O(1) and less than O(n): between the two lies a batch size."""

_EXPONENT = re.compile(r"n\^(-?[0-9.]+)")


def growth_class(values: Mapping[int, int]) -> str:
    """How ``values`` (by size, from 1) grow: "1", "ceil(n/50)+1", "n", "2*n+1", "n^2", "n^1.3" or "varies".

    Forms with whole numbers fit each value exactly. "" with fewer than two sizes. With two sizes a straight
    line that does not pass near the origin is given as an exponent: any two points lie on one. What falls
    and rises again, or begins at nothing, "varies".

    >>> growth_class({20: 1, 200: 1}), growth_class({20: 21, 200: 201}), growth_class({20: 1, 200: 4})
    ('1', 'n+1', 'ceil(n/50..66)')
    """
    points = sorted(values.items())
    if len(points) < 2:
        return ""
    if len(set(values.values())) == 1:
        return "1"
    return _steps(points) or _line(points) or _square(points) or _power(points)


def big_o(growth: str) -> str:
    """The class without its constants, for a sentence.

    >>> big_o("3*n+2"), big_o("ceil(n/50)+1"), big_o("n^2-n"), big_o("n^1.3"), big_o("n^0.0")
    ('O(n)', 'O(n/50)', 'O(n^2)', 'O(n^1.3)', 'O(1)')
    """
    if growth in ("", "1", "varies"):
        return {"": "", "1": "O(1)"}.get(growth, growth)
    if step := re.match(r"ceil\((n/[0-9.]+)\)", growth):
        return f"O({step[1]})"
    power = _EXPONENT.search(growth)
    if power and float(power[1]) == 0:
        return "O(1)"
    return f"O({power[0]})".replace(".0)", ")").replace("n^1)", "n)") if power else "O(n)"


def is_worse_class(before: str, after: str) -> bool:
    """Whether ``after`` grows faster than ``before``; another factor or constant is the same class.

    Without a class for one of them nothing can be said.

    >>> is_worse_class("1", "ceil(n/50)"), is_worse_class("n", "2*n+1"), is_worse_class("", "n")
    (True, False, False)
    """
    if not before or not after or before == after:
        return False
    tolerance = TOLERANCE if "." in before + after else 0.0
    return _degree(after) > _degree(before) + tolerance


def _degree(growth: str) -> float:
    if growth == "1":
        return 0.0
    if growth.startswith("ceil("):
        return _STEP_DEGREE
    power = _EXPONENT.search(growth)
    return float(power[1]) if power else 1.0


def _steps(points: list[tuple[int, int]]) -> str:
    """``ceil(n/k)+b`` with the smallest ``b`` that fits, and all ``k`` that do."""
    for constant in range(min(MAX_CONSTANT + 1, *(value for _, value in points))):
        low, high = 2, max(size for size, _ in points)
        for size, value in points:
            steps = value - constant  # ceil(size/k) == steps for k in [size/steps, size/(steps-1))
            low = max(low, -(-size // steps))
            high = min(high, -(-size // (steps - 1)) - 1 if steps > 1 else high)
        if low <= high:
            width = f"{low}" if low == high else f"{low}..{high}"
            return f"ceil(n/{width}){_plus(constant)}"
    return ""


def _line(points: list[tuple[int, int]]) -> str:
    """``a*n+b``; with two points only near the origin: ``b`` less than the smallest size."""
    (first_size, first), (last_size, last) = points[0], points[-1]
    slope, rest = divmod(last - first, last_size - first_size)
    constant = first - slope * first_size
    exact = not rest and slope > 0 and all(value == slope * size + constant for size, value in points)
    if not exact or (len(points) == 2 and abs(constant) >= first_size):
        return ""
    return f"{_times(slope)}n{_plus(constant)}"


def _square(points: list[tuple[int, int]]) -> str:
    """``a*n^2``, or all pairs: ``n^2-n`` and half of it."""
    size, value = points[0]
    factor = value // size**2
    if factor and all(value == factor * size**2 for size, value in points):
        return f"{_times(factor)}n^2"
    for divisor, name in ((1, "n^2-n"), (2, "(n^2-n)/2")):
        if all(divisor * value == size * size - size for size, value in points):
            return name
    return ""


def _power(points: list[tuple[int, int]]) -> str:
    rising = all(a <= b for (_, a), (_, b) in pairwise(points))
    falling = all(a >= b for (_, a), (_, b) in pairwise(points))
    if not (rising or falling) or any(value <= 0 for _, value in points):
        return "varies"
    slope = exponent(points)
    return f"n^{round(slope or 0.0, 1) + 0.0:.1f}"


def _times(factor: int) -> str:
    return "" if factor == 1 else f"{factor}*"


def _plus(constant: int) -> str:
    return f"{constant:+d}" if constant else ""
