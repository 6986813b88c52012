import os

import pytest

from perfkit.bench.ab.plan import AbPlan
from perfkit.bench.ab.self_test import judged, self_test
from perfkit.model import Timing, Verdict
from tests.bench.ab.trees import make_side

QUIET = Timing("a", Verdict.NO_CHANGE, ratio=1.0, pairs=5, real_ns=10)
FOUND = Timing("a", Verdict.REGRESSED, ratio=1.05, pairs=8, real_ns=20)
OPEN = Timing("a", Verdict.INCONCLUSIVE, ratio=1.02, pairs=25, reason="its time is up")


def test_quiet_and_found_is_a_gate():
    timing = judged(QUIET, FOUND, 0.05)
    assert timing.verdict is Verdict.NO_CHANGE
    assert (
        timing.reason == "can be gated: quiet, and a slowdown of 5.0% came out as regressed (+5.0 %), 8 pairs"
    )
    assert timing.real_ns == 30


@pytest.mark.parametrize(
    ("same", "slowed", "why"),
    [
        (FOUND, FOUND, "no gate: not quiet: unchanged code came out as regressed (+5.0 %), 8 pairs"),
        (
            OPEN,
            FOUND,
            "not quiet: unchanged code came out as inconclusive (+2.0 %), 25 pairs: its time is up",
        ),
        (QUIET, QUIET, "no gate: cannot fail: slowed by 5.0%, it came out as no change (+0.0 %), 5 pairs"),
        (QUIET, OPEN, "cannot fail: slowed by 5.0%, it came out as inconclusive"),
        (QUIET, None, "cannot fail: slowed by 5.0%, it came out as nothing"),
    ],
)
def test_what_is_no_gate_says_why(same, slowed, why):
    timing = judged(same, slowed, 0.05)
    assert timing.verdict is Verdict.INCONCLUSIVE
    assert why in timing.reason


@pytest.mark.skipif(os.name != "posix", reason="sides are started with inherited sockets")
@pytest.mark.once
@pytest.mark.parametrize(("slowdown", "verdict"), [(0.05, Verdict.NO_CHANGE), (0.002, Verdict.INCONCLUSIVE)])
def test_the_slowdown_is_done_and_found(tmp_path, slowdown, verdict):
    side = make_side(tmp_path / "tree", 'BENCHMARKS = {"a": 1000}')
    told = []
    tested = self_test(side, "made_up:entry", {}, AbPlan(seed=1), told.append, slowdown=slowdown)
    assert [timing.verdict for timing in tested.timings] == [verdict]
    assert told[0] == "unchanged: a: pair 1"
    assert told[-1].endswith("slower: a: pair 5")
