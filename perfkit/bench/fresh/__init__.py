"""Measuring for baselines: each measurement in a fresh process, in a state that is declared.

A server process, started with fixed hash seed, time zone and locale, imports the scenario's file and nothing
else, and forks for each measurement (where it cannot, each has a server of its own). In virtual time every
figure is then the same on each run.
"""

from perfkit.bench.fresh.client import measure_fresh, measure_peak
from perfkit.bench.fresh.result import Fresh

__all__ = ["Fresh", "measure_fresh", "measure_peak"]
