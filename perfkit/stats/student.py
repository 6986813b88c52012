"""Student's t: its distribution function and quantiles, from the incomplete beta function. Pure."""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300
_STEPS = 500


def cdf(t: float, df: float) -> float:
    """The probability of at most ``t``, with ``df`` degrees of freedom, which may be a fraction.

    >>> round(cdf(2.0, 10), 9)
    0.963305983
    """
    return 1.0 - _above(t, df) if t > 0 else _above(-t, df)


@lru_cache(maxsize=4096)
def quantile(p: float, df: float) -> float:
    """The t that a t variable with ``df`` degrees of freedom does not exceed with probability ``p``.

    ``p`` = 0.995 gives the factor of a two-sided interval of 99 %.

    >>> round(quantile(0.975, 10), 9)
    2.228138852
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"a probability between 0 and 1 is needed, not {p!r}")
    if p < 0.5:
        return -_upper(p, df)
    return _upper(1.0 - p, df) if p > 0.5 else 0.0


def _upper(tail: float, df: float) -> float:
    """The t > 0 above which ``tail`` lies: by halving, down to the last digits a float can tell apart."""
    low, high = 0.0, 1.0
    while _above(high, df) > tail:
        low, high = high, high * 2
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _above(middle, df) > tail else (low, middle)
    return (low + high) / 2


def _above(t: float, df: float) -> float:
    """The probability of more than ``t`` >= 0: half the incomplete beta function at df / (df + t^2)."""
    if df <= 0:
        raise ValueError(f"degrees of freedom must be positive, not {df!r}")
    return _incomplete_beta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t)) / 2


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Regularised, I_x(a, b), with ``rest`` = 1 - x given apart so that no digits are lost."""
    if x <= 0.0:
        return 0.0
    if rest <= 0.0:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1.0 - front * _continued_fraction(b, a, rest) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Lentz's method on formula 26.5.8 of Abramowitz and Stegun, Handbook of Mathematical Functions."""
    c, d = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _not_zero(1.0 + term * d)
            c = _not_zero(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
