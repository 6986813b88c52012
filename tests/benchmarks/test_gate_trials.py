"""What the gate's experiment judges by: known values, and a table of trials whose result is known."""

import ast
import importlib
import math
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module", autouse=True)
def folder():
    """The scripts import each other by name, as they do when one of them is run."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for name in [name for name in sys.modules if name.startswith("gate_")]:
        del sys.modules[name]


@pytest.fixture
def rules(folder):
    return importlib.import_module("gate_rules")


def test_compare_fail_needs_more_than_its_percentage(rules):
    assert not rules.compare_fail(100, 105)
    assert rules.compare_fail(100, 105.01)


def test_mann_whitney_of_samples_apart(rules):
    """Of all orders of ten and ten, one at each end is as far apart."""
    p = rules.mann_whitney(list(range(10)), list(range(10, 20)))
    assert p == 2 / math.comb(20, 10)


def test_mann_whitney_against_all_orders(rules):
    """p is the share of the 35 orders of 3 and 4 samples that are as uneven; here U is 1: two at each end."""
    assert rules.mann_whitney([1, 2, 4], [3, 5, 6, 7]) == 2 * 2 / 35
    assert rules.mann_whitney([1, 2], [1, 2]) == 1


def test_asv_needs_both_the_factor_and_the_test(rules):
    base = [1.0 + n / 1000 for n in range(10)]
    assert rules.asv_continuous(base, [value * 1.12 for value in base])
    assert not rules.asv_continuous(base, [value * 1.09 for value in base])
    assert not rules.asv_continuous([1.0, 3.0] * 5, [1.0, 3.4, 3.4] * 3 + [1.0])


def test_wilson_bounds(rules):
    low, high = rules.wilson(3, 20)
    assert (round(low, 3), round(high, 3)) == (0.052, 0.360)
    assert rules.wilson(0, 200) == (0.0, pytest.approx(0.0188, abs=1e-4))
    assert rules.wilson(0, 0) == (0.0, 1.0)


def test_branches_differ_in_their_units_and_carry_code_that_nobody_calls(folder):
    fixture = importlib.import_module("gate_fixture")
    trees = {branch: ast.parse(fixture.source(branch)) for branch in fixture.UNITS}
    defined = {b: {n.name for n in t.body if isinstance(n, ast.FunctionDef)} for b, t in trees.items()}
    assert len(defined["neutral"] - defined["main"]) == 150
    assert defined["slow5"] == defined["neutral"]
    values = {}
    exec(compile(trees["slow5"], "work", "exec"), values)
    assert values["UNITS"] == 1.05 * 40
    assert len(values["UNUSED"]) == 500


def test_the_table_counts_what_the_trials_say(folder):
    def timing(verdict, seconds):
        return {"verdict": verdict, "pairs": 5, "real_ns": seconds * 10**9}

    same = {"load": False, "loadavg": 1.0, "engine": "one", "seconds": 9}
    sure = {"cpu": timing("regressed", 2), "sql": timing("regressed", 4)}
    trials = [
        {**same, "kind": "gate slow5", "results": {**sure, "aio": timing(verdict, 3)}}
        for verdict in ("regressed", "regressed", "inconclusive")
    ]
    base = {key: {"mean": 1.0, "median": 1.0, "min": 1.0} for key in ("cpu", "aio", "sql")}
    slower = {key: {"mean": 1.2, "median": 1.06, "min": 1.04} for key in base}
    rounds = {"main": base, **dict.fromkeys(("neutral", "slow2.5", "slow5", "slow10"), slower)}
    trials.append({**same, "loadavg": 2.0, "kind": "pytest-benchmark", "results": rounds})
    table = importlib.import_module("gate_table").render(trials)
    assert "| +5 % | aio | 3 | 2 | 0 | 1 | 0 | 20.8% to 93.9% | 5 | 3.0, at most 3.0 |" in table
    assert "| perfkit gate --base | -, -, - | -, -, - | 3/3, 2/3, 3/3 | -, -, - |" in table
    assert "| pytest-benchmark median:5% | 1/1, 1/1, 1/1 |" in table
    assert "| pytest-benchmark min:5% | 0/1, 0/1, 0/1 |" in table
    assert "4 trials; load average before a trial: median 1.0." in table


def test_the_kind_that_is_furthest_behind_comes_next(folder):
    next_kind = importlib.import_module("gate_trials").next_kind
    assert next_kind({"a": 4, "b": 2}, {"a": 1, "b": 1}) == "a"
    assert next_kind({"a": 4, "b": 2}, {"a": 3, "b": 1}) == "b"
    assert next_kind({"a": 1}, {"a": 1}) is None


@pytest.mark.once
def test_the_suite_of_the_fixture_runs(folder, tmp_path):
    """And the base of a clone is where the gate looks for it."""
    importlib.import_module("gate_fixture").build(tmp_path)
    tree = tmp_path / "slow10"
    command = [sys.executable, "-m", "pytest", "-q", "benchmarks", "--benchmark-disable"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    changed = subprocess.run(
        ["git", "diff", "--stat", "origin/main"], cwd=tree, capture_output=True, text=True
    )
    assert changed.stdout.strip().startswith("work.py")
