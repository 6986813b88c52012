import math
import random

import pytest

from perfkit.bench.ab import lockstep
from perfkit.bench.ab.lockstep import PairValue, summarised
from perfkit.bench.ab.timings import Benchmark, timing_of
from perfkit.model import Verdict


def test_a_burst_in_either_side_does_not_count():
    base = [100.0, 100, 900, 100, 100, 100, 500, 100, 100]
    head = [110.0, 800, 110, 110, 700, 110, 110, 110, 110]
    value = summarised(base, head)
    assert value.log_ratio == pytest.approx(math.log(1.1))
    assert (value.base_ns, value.head_ns) == pytest.approx((100, 110))


def test_what_slows_both_for_a_while_does_not_count():
    base = [100.0] * 30 + [170.0] * 30
    head = [105.0] * 30 + [170 * 1.05] * 30
    assert summarised(base, head).log_ratio == pytest.approx(math.log(1.05))


@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 7])
def test_few_rounds_will_do(rounds):
    assert summarised([100.0] * rounds, [105.0] * rounds).log_ratio == pytest.approx(math.log(1.05))


class SlowSide:
    """A side whose calls take longer than there is time for rounds."""

    def __init__(self, side):
        self.side, self.batches = side, 0

    def ask(self, name, do, **order):
        self.batches += do == "batch"
        return {"loops": 1, "ns": 600_000_000, "alone": False}


def test_a_pair_of_very_slow_benchmarks_is_one_round(monkeypatch):
    monkeypatch.setattr(lockstep, "LONGEST_NS", 0)
    base, head = SlowSide("base"), SlowSide("head")
    value, loops = lockstep.time_pair("a", base, head, 0, random.Random(1))
    assert (value, loops) == (PairValue(0.0, 6e8, 6e8), 1)
    assert (base.batches, head.batches) == (1, 1)


def test_a_decided_benchmark_is_no_longer_open():
    benchmark = Benchmark("a", "fork")
    for place in range(5):
        assert benchmark.is_open(10)
        benchmark.add(PairValue(0.05 + place * 1e-4, 100, 105))
    assert not benchmark.is_open(10)
    timing = timing_of(benchmark)
    assert (timing.verdict, timing.pairs, timing.base_ns, timing.head_ns) == (Verdict.REGRESSED, 5, 100, 105)


@pytest.mark.parametrize("closed", [{"real_ns": 10}, {"problem": "failed"}])
def test_time_used_up_or_a_problem_closes_it(closed):
    assert not Benchmark("a", "fork", **closed).is_open(10)


def test_time_up_between_two_looks_gives_a_last_one():
    values = [PairValue(0.05 + (-1) ** place * 0.01, 100, 105) for place in range(6)]
    values += [PairValue(0.05, 100, 105)]
    benchmark = Benchmark("a", "fork", values=values)
    assert timing_of(benchmark).verdict is Verdict.REGRESSED


def test_more_benchmarks_widen_the_interval():
    values = [PairValue(0.05 + place * 1e-3, 100, 105) for place in range(5)]
    one, many = (timing_of(Benchmark("a", "fork", family=family, values=values)) for family in (1, 40))
    assert many.low < one.low
    assert many.noise > one.noise


def test_interrupted_early_says_after_how_many_pairs():
    timing = timing_of(Benchmark("a", "fork", values=[PairValue(0, 1, 1)]), interrupted=True)
    assert timing.reason == "interrupted after 1 pairs"
