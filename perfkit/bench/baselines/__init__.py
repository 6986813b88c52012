"""Baselines: what scenarios and tests were measured to need, in files that are committed; exact comparison.

>>> before = Baseline("shop", entries={"web/page": Entry({"cold": {"query SELECT ?": {10: 1, 100: 1}}})})
>>> now = Baseline("shop", entries={"web/page": Entry({"cold": {"query SELECT ?": {10: 10, 100: 100}}})})
>>> compare(before, now).differences[0].says
'+99 SELECT ? (n=100): O(1) -> O(n), web/page; if it is meant: perfkit gate --update shop --reason "why"'
"""

from perfkit.bench.baselines.comparing import Comparison, compare
from perfkit.bench.baselines.document import Baseline, Entry, Metrics
from perfkit.bench.baselines.merging import merged
from perfkit.bench.baselines.metrics import entry_of
from perfkit.bench.baselines.updating import updated

__all__ = ["Baseline", "Comparison", "Entry", "Metrics", "compare", "entry_of", "merged", "updated"]
