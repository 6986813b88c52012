"""Virtual time beside wall time: the same strategies, the same service, the same latency.

    pytest benchmarks/test_calibration.py -s

Prints the error of the virtual figure for each strategy; fails where it is more than 15 % while the work is
waiting, or where the two clocks put the strategies in another order. Takes about a minute.
"""

import sys
from pathlib import Path
from statistics import median

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench

ROUNDS = 5
ALLOWED = 0.15
TIE = 0.10
"""Strategies nearer than this may change places: that is within the error."""


def times(clock, seed=1):
    scenario = load_file(Path(__file__).with_name("calibration.py"))[0]
    result = bench([scenario], Plan(clock=clock, seed=seed)).scenarios[0]
    assert [cell.error for cell in result.cells if cell.status != "ok"] == []
    return {cell.strategy: cell.elapsed_ns / 1e6 for cell in result.cells}


def test_virtual_time_says_what_wall_time_does():
    virtual, rounds = times("virtual"), [times("wall") for _ in range(ROUNDS)]
    wall = {name: median(each[name] for each in rounds) for name in virtual}
    errors = {name: virtual[name] / wall[name] - 1 for name in virtual}
    for name in virtual:
        shown = f"{name:24}{virtual[name]:10.1f} ms virtual{wall[name]:10.1f} ms wall{errors[name]:9.1%}\n"
        sys.stderr.write(shown)
    assert all(abs(error) <= ALLOWED for error in errors.values()), errors
    for slow in virtual:
        for fast in virtual:
            if virtual[slow] > (1 + TIE) * virtual[fast]:
                assert wall[slow] > wall[fast], f"{slow} is slower than {fast} in virtual time only"
