"""What the gate's peers decide by, as pure functions, and the bounds of a share."""

import math
import statistics
from functools import cache


def compare_fail(base_s, head_s, percent=5):
    """pytest-benchmark's ``--benchmark-compare-fail=FIELD:PERCENT%`` on the field's two values.

    Source: pytest_benchmark/utils.py, PercentageRegressionCheck.
    """
    return head_s / base_s * 100 - 100 > percent


def asv_continuous(base_s, head_s, factor=1.1):
    """``asv continuous``: the medians differ by ``factor``, and Mann-Whitney's U says p < 0.002.

    Source: asv/commands/compare.py, _is_result_better; asv/_stats.py, is_different.
    """
    slower = statistics.median(head_s) > statistics.median(base_s) * factor
    return slower and mann_whitney(base_s, head_s) < 0.002


def mann_whitney(first, second):
    """The exact two-sided p value of Mann-Whitney's U, without regard to ties."""
    m, n = len(first), len(second)
    u = sum((one > other) + (one == other) / 2 for one in first for other in second)
    tail = sum(_arrangements(m, n, count) for count in range(math.floor(min(u, m * n - u)) + 1))
    return min(1.0, 2 * tail / math.comb(m + n, m))


@cache
def _arrangements(m, n, u):
    """In how many orders of ``m`` and ``n`` samples U is ``u``: the largest is of the first kind, or not."""
    if u < 0:
        return 0
    if m == 0 or n == 0:
        return int(u == 0)
    return _arrangements(m - 1, n, u - n) + _arrangements(m, n - 1, u)


def wilson(hits, trials, z=1.96):
    """Bounds of the share that ``hits`` of ``trials`` show, 95 % on both sides together.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not trials:
        return 0.0, 1.0
    share, slack = hits / trials, z * z / trials
    middle = (share + slack / 2) / (1 + slack)
    half = z * math.sqrt(share * (1 - share) / trials + slack / (4 * trials)) / (1 + slack)
    return max(0.0, middle - half), min(1.0, middle + half)
