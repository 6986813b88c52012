"""Pairs of real processes; the times they tell are made up, so that every verdict is exact."""

import itertools
import os
import subprocess
import sys
import time

import pytest

from perfkit.bench.ab import lockstep, timings
from perfkit.bench.ab.controller import compare, known_benchmarks
from perfkit.bench.ab.lockstep import ROUNDS
from perfkit.bench.ab.plan import AbPlan
from perfkit.errors import NothingToCompareError, UsageError
from perfkit.model import Verdict
from tests.bench.ab.trees import make_side, notes_of, run_pair_of, two_sides

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="sides are started with inherited sockets"),
    pytest.mark.once,
]

QUIET = 'BENCHMARKS = {"a": 1000}'


def by_name(compared):
    return {timing.name: timing for timing in compared.timings}


def test_each_benchmark_gets_its_verdict(tmp_path):
    sides = two_sides(
        tmp_path,
        'BENCHMARKS = {"same": 1000, "slow": 1000, "quick": 1000, "little": 2_000_000_000}',
        'BENCHMARKS = {"same": 1000, "slow": 1050, "quick": 900, "little": 2_010_000_000}',
    )
    found = by_name(run_pair_of(sides))
    assert [timing.verdict for timing in found.values()] == [
        Verdict.NO_CHANGE,
        Verdict.REGRESSED,
        Verdict.IMPROVED,
        Verdict.NO_CHANGE,
    ]
    slow = found["slow"]
    assert slow.ratio == pytest.approx(1.05)
    assert (slow.low, slow.high) == pytest.approx((1.05, 1.05))
    assert (slow.pairs, slow.base_ns, slow.head_ns, slow.reason) == (5, 1000, 1050, "")
    assert slow.method == ("fork" if sys.platform == "linux" else "processes")
    assert slow.real_ns > 0


WATCHED = """
import gc
def watched(loops):
    start = time.perf_counter_ns()
    note(loops=loops, start=start, gc=gc.isenabled(), seed=os.environ["PYTHONHASHSEED"], text=hash("text"),
         parent=os.getppid(), cwd=os.getcwd(), file=__file__, trim=os.environ["MALLOC_TRIM_THRESHOLD_"],
         path=sys.path, end=time.perf_counter_ns())
    return loops * 1000
BENCHMARKS = {"a": watched}
"""


def test_both_sides_run_in_turn_and_alike(tmp_path):
    sides = two_sides(tmp_path, WATCHED, WATCHED)
    assert run_pair_of(sides).timings[0].verdict is Verdict.NO_CHANGE
    base, head = map(notes_of, sides)
    together = sorted(base + head, key=lambda note: note["start"])
    for before, after in itertools.pairwise(together):
        assert before["end"] < after["start"]
    assert not any(note["gc"] for note in together)
    assert {note["trim"] for note in together} == {str(1 << 30)}
    assert {note["cwd"] for note in base} == {str(tmp_path / "base")}
    assert {note["file"] for note in head} == {str(tmp_path / "head" / "made_up.py")}
    seeds = {note["pid"]: (note["seed"], note["text"], note["parent"]) for note in base}
    assert len(seeds) == len({seed for seed, _, _ in seeds.values()}) == 5
    shared = {(note["seed"], note["text"], note["parent"]) for note in head}
    if sys.platform == "linux":
        assert shared == set(seeds.values())
        assert os.getpid() not in {parent for _, _, parent in shared}
    timed = [note["loops"] for note in together if note["loops"] == 1000]
    assert len(timed) >= 2 * 5 * ROUNDS
    # the first of all pairs finds out how many loops make a batch
    assert {note["loops"] for note in together} <= {1, 10, 100, 1000}
    orders = [note["side"] for note in together if note["loops"] == 1000]
    assert {"base", "head"} == set(orders)
    assert any(one == two for one, two in itertools.pairwise(orders))


def test_paths_of_either_tree_become_the_sides_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "head" / "lib"))
    sides = two_sides(tmp_path, WATCHED, WATCHED)
    run_pair_of(sides)
    base, head = map(notes_of, sides)
    assert str(tmp_path / "base" / "lib") in base[0]["path"]
    assert not any(place.startswith(str(tmp_path / "head")) for place in base[0]["path"])
    assert str(tmp_path / "head" / "lib") in head[0]["path"]


def test_other_environments_are_other_processes_with_one_hash_seed(tmp_path):
    base = make_side(tmp_path / "base", WATCHED)
    head = make_side(tmp_path / "head", WATCHED, environment={**os.environ, "MORE": "1"})
    compared = run_pair_of((base, head))
    assert compared.timings[0].method == "processes"
    assert any("they have environments of their own" in note for note in compared.notes)
    first, second = notes_of(base), notes_of(head)
    assert {note["parent"] for note in first + second} == {os.getpid()}
    assert {note["seed"] for note in first} == {note["seed"] for note in second}


THREADED = "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
@pytest.mark.parametrize(
    ("module", "why"),
    [
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
            "threads",
        ),
        ("", "would come from one tree for both sides"),
    ],
)
def test_what_must_not_be_forked_is_not(tmp_path, monkeypatch, module, why):
    sides = two_sides(tmp_path, QUIET, QUIET)
    place = tmp_path / "elsewhere" if module else tmp_path / "base"
    place.mkdir(exist_ok=True)
    (place / "shared_thing.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(place))
    compared = run_pair_of(sides, preload=("shared_thing", "no_such_module"))
    assert (compared.timings[0].verdict, compared.timings[0].method) == (Verdict.NO_CHANGE, "processes")
    assert [why in note for note in compared.notes] == [True]


def test_what_only_one_side_has_is_named_and_not_measured(tmp_path):
    sides = two_sides(tmp_path, 'BENCHMARKS = {"old": 1, "a": 1000}', 'BENCHMARKS = {"a": 1000, "new": 1}')
    found = by_name(run_pair_of(sides))
    assert list(found) == ["old", "a", "new"]
    assert [timing.verdict for timing in found.values()] == [
        Verdict.INCONCLUSIVE,
        Verdict.NO_CHANGE,
        Verdict.INCONCLUSIVE,
    ]
    assert found["old"].reason == "only in the base: there is nothing in the head to compare it with"
    assert found["new"].reason == "only in the head: there is nothing in the base to compare it with"
    assert (found["old"].pairs, found["old"].ratio) == (0, None)


FAILING = """
def division(loops):
    return 1 // 0
def death(loops):
    print("about to go", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
BENCHMARKS = dict.fromkeys(["a", "division", "b", "death", "c", "skipped", "d"], 1000)
BENCHMARKS.update(division=division, death=death, skipped=None)
"""


def test_what_fails_dies_or_is_skipped_costs_no_other_benchmark(tmp_path):
    fine = "BENCHMARKS = dict.fromkeys(['a', 'division', 'b', 'death', 'c', 'skipped', 'd'], 1000)"
    found = by_name(run_pair_of(two_sides(tmp_path, fine, FAILING)))
    assert {name for name, one in found.items() if one.verdict is Verdict.NO_CHANGE} == {"a", "b", "c", "d"}
    assert found["division"].reason.startswith("failed in the head: ZeroDivisionError: integer division")
    assert found["death"].reason == "the head did not finish it: its process died: about to go"
    assert "it was skipped" in found["skipped"].reason


def test_a_side_that_hangs_is_ended(tmp_path):
    hanging = 'def hang(loops):\n    note(here=1)\n    time.sleep(60)\nBENCHMARKS = {"a": 1000, "hang": hang}'
    sides = two_sides(tmp_path, 'BENCHMARKS = {"a": 1000, "hang": 1000}', hanging)
    found = by_name(run_pair_of(sides, timeout_s=1.5))
    assert found["a"].verdict is Verdict.NO_CHANGE
    assert found["hang"].reason == "the head did not finish it: no answer for 1.5 s"
    assert_gone(notes_of(sides[1]))


def assert_gone(notes):
    """Each process that noted something has ended; whose parent was killed may wait for init to bury it."""
    for pid in {note["pid"] for note in notes}:
        command = ["ps", "-o", "stat=", "-p", str(pid)]
        for _ in range(100):
            state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
            if not state or state.startswith("Z"):
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"process {pid} is still there: {state}")


def test_the_sides_may_have_their_benchmarks_in_different_orders(tmp_path):
    sides = two_sides(tmp_path, 'BENCHMARKS = {"a": 1000, "b": 1000}', 'BENCHMARKS = {"b": 1100, "a": 1000}')
    found = by_name(run_pair_of(sides))
    assert [found["a"].verdict, found["b"].verdict] == [Verdict.NO_CHANGE, Verdict.REGRESSED]


@pytest.mark.parametrize(
    ("start", "error", "says"),
    [
        ("session.refuse('no benchmark was collected')", NothingToCompareError, "compare: no benchmark was"),
        ("session.refuse('no such option: -y', usage=True)", UsageError, "compare: no such option: -y"),
        ("print('thinking'); import nowhere_to_be_found", NothingToCompareError, "No module named 'nowhere"),
        ("print('thinking'); import nowhere_to_be_found", NothingToCompareError, "thinking"),
        ("sys.exit(4)", NothingToCompareError, "SystemExit: 4"),
        ("os.kill(os.getpid(), signal.SIGKILL)", NothingToCompareError, "its process died"),
    ],
)
def test_a_side_that_comes_to_nothing_ends_the_comparison(tmp_path, start, error, says):
    sides = two_sides(tmp_path, QUIET, QUIET)
    source = sides[1].root / "made_up.py"
    source.write_text(source.read_text().replace("    SESSION = session", f"    {start}"))
    with pytest.raises(error, match="the head has nothing to compare") as caught:
        run_pair_of(sides)
    assert says in str(caught.value)
    assert type(caught.value) is error


def test_a_base_without_what_the_command_names_is_not_the_mistake_of_the_command(tmp_path):
    sides = two_sides(tmp_path, QUIET, QUIET)
    source = sides[0].root / "made_up.py"
    refuse = "    session.refuse('file not found: new.py', usage=True)"
    source.write_text(source.read_text().replace("    SESSION = session", refuse))
    with pytest.raises(NothingToCompareError, match=r"the base has nothing .* file not found: new\.py"):
        run_pair_of(sides)


def test_no_benchmark_at_all_is_no_pass(tmp_path):
    with pytest.raises(NothingToCompareError, match="neither the base nor the head has a benchmark"):
        run_pair_of(two_sides(tmp_path, "BENCHMARKS = {}", "BENCHMARKS = {}"))


def test_the_error_is_shared_by_the_benchmarks_of_both_sides():
    known = known_benchmarks(["a", "b", "old"], ["b", "a", "new"], "fork")
    assert {benchmark.family for benchmark in known.values()} == {2}


WILD = """
FACTOR = random.lognormvariate(0, 0.5)
def wild(loops):
    note(at=1)
    return loops * int(1000 * FACTOR)
"""
OTHER = 'BENCHMARKS = {"a": 1000, "wild": 1000}'


def test_ctrl_c_keeps_what_was_decided(tmp_path):
    sides = two_sides(tmp_path, f'{WILD}BENCHMARKS = {{"a": 1000, "wild": wild}}', OTHER)

    def stop(text):
        if text == "wild: pair 7":
            raise KeyboardInterrupt

    compared = run_pair_of(sides, stop, budget_s=60)
    found = by_name(compared)
    assert compared.interrupted
    assert found["a"].verdict is Verdict.NO_CHANGE
    assert found["wild"].verdict is Verdict.INCONCLUSIVE
    assert found["wild"].reason.startswith("interrupted with the change between")
    assert_gone(notes_of(sides[0]))


def test_noise_is_inconclusive_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(timings, "LOOKS", (5, 8))
    wild = f"{WILD}BENCHMARKS = {{'wild': wild}}"
    timing = run_pair_of(two_sides(tmp_path, wild, wild), budget_s=60).timings[0]
    assert timing.verdict is Verdict.INCONCLUSIVE
    assert "its time is up with the change between" in timing.reason
    assert timing.pairs == 8
    assert timing.low < timing.ratio < timing.high
    assert timing.detectable > timing.noise > 0.02


def test_too_little_time_says_how_to_give_more(tmp_path):
    timing = run_pair_of(two_sides(tmp_path, QUIET, QUIET), budget_s=0.001).timings[0]
    assert (timing.verdict, timing.pairs, timing.ratio) == (Verdict.INCONCLUSIVE, 1, None)
    assert "give it more with --budget" in timing.reason


REAL = """
import asyncio
LOOPS = set()
def plain():
    return sum(range(300))
async def awaited():
    await asyncio.sleep(0)
    LOOPS.add(id(asyncio.get_running_loop()))
    assert len(LOOPS) == 1
    return plain()
"""


def test_functions_of_a_module_are_timed_for_real(tmp_path, monkeypatch):
    monkeypatch.setattr(lockstep, "ROUNDS", 6)
    base = make_side(tmp_path / "base", REAL)
    head = make_side(tmp_path / "head", REAL.replace("range(300)", "range(30000)"))
    options = {"module": "made_up", "functions": ["plain", "awaited", "missing"]}
    compared = compare(base, head, "perfkit_agent.functions:run", options, AbPlan(budget_s=60))
    assert [timing.name for timing in compared.timings] == ["plain", "awaited"]
    assert [timing.verdict for timing in compared.timings] == [Verdict.REGRESSED] * 2
