import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Verdict
from perfkit.stats.families import share_of
from perfkit.stats.sequential import ALPHA, LOOKS, decide, is_look, trimmed
from perfkit.stats.student import quantile

PAIRS = st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=40).filter(lambda xs: statistics.stdev(xs) > 1e-6)


def around(change, count=5, spread=0.001):
    """Pairs whose mean is exactly a change of that share."""
    offsets = [spread * (place - (count - 1) / 2) for place in range(count)]
    return [math.log1p(change) + offset for offset in offsets]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (0.0, Verdict.NO_CHANGE),
        (0.009, Verdict.NO_CHANGE),
        (0.025, Verdict.REGRESSED),
        (0.05, Verdict.REGRESSED),
        (-0.05, Verdict.IMPROVED),
    ],
)
def test_quiet_pairs_decide_at_the_first_look(change, verdict):
    assert decide(around(change)).verdict is verdict


@pytest.mark.parametrize("change", [0.0, 0.05, -0.05])
def test_noisy_pairs_leave_it_open(change):
    assert decide(around(change, spread=0.05)).verdict is None


def test_a_change_within_the_margin_never_regressed_however_many_pairs():
    assert decide(around(0.0099, count=400, spread=1e-6)).verdict is Verdict.NO_CHANGE


def test_one_wild_pair_makes_no_verdict():
    assert decide([0.0, 0.001, -0.001, 0.0, 0.6]).verdict is None


def test_the_interval_is_students():
    pairs = [0.04, 0.05, 0.06, 0.05, 0.05, 0.04, 0.06, 0.05]
    decision = decide(pairs)
    error = statistics.stdev(pairs) / math.sqrt(8)
    half = error * quantile(1 - 0.01 / (2 * 3) / 2, 7)  # the second look spends a sixth
    assert decision.ratio == pytest.approx(math.exp(0.05))
    assert math.log(decision.low) == pytest.approx(0.05 - half)
    assert math.log(decision.high) == pytest.approx(0.05 + half)
    assert decision.level == 0.99
    assert decision.noise == pytest.approx(math.expm1(half))
    found = math.log1p(0.01) + half + error * quantile(0.95, 7)
    assert decision.detectable == pytest.approx(math.expm1(found))


def test_from_ten_pairs_on_the_outermost_do_not_count():
    pairs = [0.05] * 4 + [0.049, 0.051] * 3 + [-0.5, 0.8]
    assert decide(pairs).verdict is Verdict.REGRESSED
    assert decide(pairs).ratio == pytest.approx(math.exp(0.05))
    mean, error, df = trimmed(pairs)
    pulled = [0.05] * 4 + [0.049, 0.051] * 3 + [0.049, 0.051]
    assert (mean, df) == (pytest.approx(0.05), 9)
    assert error == pytest.approx(statistics.stdev(pulled) / (10 / 12 * math.sqrt(12)))


def test_few_pairs_all_count():
    pairs = [0.0, 0.01, 0.02, 0.03, 0.09]
    assert trimmed(pairs) == pytest.approx(
        (statistics.fmean(pairs), statistics.stdev(pairs) / math.sqrt(5), 4)
    )


def test_no_change_shows_the_interval_that_says_so():
    decision = decide(around(0.0))
    assert decision.level == 0.9
    assert 0.98 < decision.low < 1 < decision.high < 1.02


@given(PAIRS)
def test_swapping_base_and_head_swaps_the_verdict(pairs):
    there, back = decide(pairs), decide([-pair for pair in pairs])
    swapped = {Verdict.REGRESSED: Verdict.IMPROVED, Verdict.IMPROVED: Verdict.REGRESSED}
    assert back.verdict is swapped.get(there.verdict, there.verdict)
    assert back.ratio == pytest.approx(1 / there.ratio)
    assert back.low == pytest.approx(1 / there.high)


@given(PAIRS)
def test_a_verdict_never_contradicts_its_interval(pairs):
    decision = decide(pairs)
    assert decision.low <= decision.ratio <= decision.high
    if decision.verdict is Verdict.REGRESSED:
        assert decision.low > 1.01
    if decision.verdict is Verdict.NO_CHANGE:
        assert decision.low > 1 / 1.02
        assert decision.high < 1.02


@given(PAIRS)
def test_more_benchmarks_ask_for_more(pairs):
    alone, many = decide(pairs), decide(pairs, alpha=share_of(ALPHA, 50))
    assert many.noise >= alone.noise
    if many.verdict is Verdict.REGRESSED:
        assert alone.verdict is Verdict.REGRESSED


def test_all_looks_together_spend_the_error_once():
    spent = sum(1 / (look * (look + 1)) for look in range(1, len(LOOKS) + 1))
    assert spent < 1
    assert [is_look(pairs) for pairs in (4, 5, 6, 8)] == [False, True, False, True]


def sequence(draw, change, deviation, most=35):
    """What a comparison comes to whose pairs vary so, one in twenty of them four times as much."""
    pairs = []
    while len(pairs) < most:
        wild = 4 if draw.random() < 0.05 else 1
        pairs.append(math.log1p(change) + draw.gauss(0, deviation * wild))
        if is_look(len(pairs)) and (decision := decide(pairs)).verdict:
            return decision.verdict
    return Verdict.INCONCLUSIVE


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "verdict", "at_least", "at_most"),
    [
        (0.0, Verdict.REGRESSED, 0, 0),
        (0.01, Verdict.REGRESSED, 0, 2),
        (0.0, Verdict.NO_CHANGE, 190, 200),
        (0.025, Verdict.REGRESSED, 190, 200),
        (0.05, Verdict.REGRESSED, 198, 200),
    ],
)
def test_the_errors_hold_over_all_looks(change, verdict, at_least, at_most):
    """A deviation of .9 % is that of a pure-Python benchmark; the seed is fixed, and so is the outcome."""
    draw = random.Random(7)
    outcomes = [sequence(draw, change, 0.009) for _ in range(200)]
    assert at_least <= outcomes.count(verdict) <= at_most


def test_the_share_of_a_family():
    assert share_of(0.01, 1) == 0.01
    assert share_of(0.01, 5) == pytest.approx(0.002)
    assert share_of(0.01, 0) == 0.01
