"""Two stored runs compared: figures of virtual time exactly, times of other tools as far as they can be."""

import copy
import json

import pytest

from perfkit.bench.compare import compare
from perfkit.errors import NothingToCompareError, UsageError
from perfkit.model import Change, Finding, Frame, Outcome, Verdict
from perfkit.model.run import Sample
from perfkit.model.storage import write_run
from tests.bench.compare.test_formats import FILES, document, written
from tests.report.sample import sample_run

PYPERF = (FILES / "pyperf_base.json", FILES / "pyperf_head.json")


@pytest.fixture
def against(tmp_path):
    """``against(edit)``: a bench run beside itself after ``edit(run, cell)``, where ``cell`` is its first."""

    def run(edit, **options):
        base = sample_run(groups=("aiohttp",), sizes=[20, 200], **options)
        head = copy.deepcopy(base)
        edit(head, head.scenarios[0].cells[0])
        write_run(base, tmp_path / "base.json")
        write_run(head, tmp_path / "head.json")
        return compare(tmp_path / "base.json", tmp_path / "head.json", folder=tmp_path)

    return run


def slower(tmp_path, factor, name="head.json", benchmark=0):
    """The pyperf file with one benchmark that many times slower."""
    whole = document("pyperf")
    for run in whole["benchmarks"][benchmark]["runs"]:
        run["values"] = [factor * value for value in run["values"]]
    return written(tmp_path / name, whole)


def changes(run):
    return [(one.change, one.metric) for one in run.gate.differences]


def test_the_same_file_has_not_changed(against):
    run = against(lambda head, cell: None)
    assert run.outcome is Outcome.PASS
    assert run.gate.differences == []
    assert run.gate.compared > 100
    assert "The two files are the same, byte for byte." in run.gate.notes


def test_one_request_more_is_worse_and_says_where(against):
    def edit(head, cell):
        cell.counters["request"] += 1

    run = against(edit)
    (found,) = run.gate.differences
    assert (found.change, found.metric, found.after - found.before) == (Change.WORSE, "request", 1)
    assert found.says == "+1 request: 20 -> 21, leads own/aiohttp_serial (n=20)"
    assert (found.baseline, found.entry, found.size) == ("leads", "own/aiohttp_serial", 20)
    assert run.outcome is Outcome.FAIL
    assert run.outcome.exit_code == 1


def test_fewer_requests_are_better_and_stop_nothing(against):
    def edit(head, cell):
        cell.counters["request"] -= 3

    run = against(edit)
    assert changes(run) == [(Change.BETTER, "request")]
    assert run.gate.differences[0].says.startswith("-3 request: 20 -> 17, ")
    assert run.outcome is Outcome.PASS


def test_a_nanosecond_of_virtual_time_is_a_difference_and_stands_after_counters(against):
    def edit(head, cell):
        first = cell.samples[0]
        cell.samples[0] = Sample(first.seed, first.elapsed_ns + 1)
        cell.counters["bytes_sent"] = cell.counters.get("bytes_sent", 0) + 7
        head.scenarios[0].cells[1].counters["request"] += 1

    assert changes(against(edit)) == [
        (Change.WORSE, "bytes_sent"),
        (Change.WORSE, "request"),
        (Change.WORSE, "time_ns"),
    ]


def test_a_counter_that_only_one_run_has_counts_from_nothing(against):
    def edit(head, cell):
        cell.counters["status_503"] = 2

    (found,) = against(edit).gate.differences
    assert (found.before, found.after, found.change) == (0, 2, Change.WORSE)


def test_times_are_those_of_seeds_that_both_have(against):
    def edit(head, cell):
        cell.samples = cell.samples[1:]

    run = against(edit, repeats=3)
    assert run.gate.differences == []
    assert run.outcome is Outcome.PASS


def test_a_cell_that_fails_now(against):
    def edit(head, cell):
        cell.status, cell.error, cell.samples = "failed", "KeyError: 3", []

    run = against(edit)
    assert (Change.WORSE, "status") in changes(run)
    assert run.gate.differences[0].says.startswith("failed (KeyError: 3), was ok, leads own/")
    assert run.outcome is Outcome.FAIL


def test_a_cell_that_was_skipped_says_nothing(against):
    def edit(head, cell):
        cell.status, cell.error, cell.samples = "skipped", "aiohttp is not installed", []

    run = against(edit)
    assert (Change.INPUTS, "status") in changes(run)
    assert run.outcome is Outcome.INCONCLUSIVE


def test_an_answer_that_no_longer_agrees_is_worse_however_fast(against):
    def edit(head, cell):
        second = head.scenarios[0].cells[2]
        assert second.agrees is True
        second.agrees, second.counters = False, {"request": 1}

    run = against(edit)
    assert changes(run) == [(Change.WORSE, "answer")]
    assert run.gate.differences[0].says.startswith(
        "an answer that differs from the baseline's (PK501), leads"
    )


def test_another_answer_is_another_job(against):
    def edit(head, cell):
        cell.answer, cell.counters = "[1, 2]", {"request": 1}

    run = against(edit)
    assert changes(run) == [(Change.INPUTS, "answer")]
    assert "not the same job: [1, 2], was" in run.gate.differences[0].says
    assert run.outcome is Outcome.INCONCLUSIVE


def test_findings_are_known_by_identity(against):
    new = Finding("PK102", "n-plus-one-request", "GET /y", 20, 5, Frame("app.py", 9, "page"))

    def edit(head, cell):
        for one in head.scenarios[0].cells:
            if one.strategy == cell.strategy:
                one.findings = [new]

    run = against(edit)
    found = {(one.change, one.metric): one for one in run.gate.differences}
    worse = found[Change.WORSE, "finding"]
    assert worse.says.startswith("new: PK102 n-plus-one-request at app.py:9 in page: GET /y, leads own/")
    assert worse.site == new.site
    assert sum(one.change is Change.WORSE for one in run.gate.differences) == 1
    assert (Change.BETTER, "finding") in found


def test_a_finding_on_another_line_is_the_same(against):
    def edit(head, cell):
        for one in head.scenarios[0].cells:
            for finding in one.findings:
                finding.site = finding.site and Frame(finding.site.file, 999, finding.site.function)

    assert against(edit).gate.differences == []


def test_another_seed_is_nothing_to_compare_with(against):
    def edit(head, cell):
        head.seed = 2
        cell.counters["request"] += 1

    run = against(edit)
    assert changes(run) == [(Change.INPUTS, "seed")]
    assert "seeds 1 and 2" in run.gate.differences[0].says
    assert run.outcome.exit_code == 3


def test_another_world_is_named_and_left_out(against):
    def edit(head, cell):
        head.scenarios[0].worlds[0].facts["round trip"] = "90 ms"
        for one in head.scenarios[0].cells:
            one.counters["request"] += one.world == "own"

    run = against(edit)
    assert changes(run) == [(Change.INPUTS, "world")]
    assert "(round trip 200 ms, now 90 ms)" in run.gate.differences[0].says
    assert run.gate.compared > 0


def test_cells_of_one_side_are_named(against):
    def edit(head, cell):
        head.scenarios[0].cells = [one for one in head.scenarios[0].cells if one.size == 20]

    run = against(edit)
    assert "only base has the cell leads own/aiohttp_serial (n=200)" in run.gate.notes
    assert run.outcome is Outcome.PASS


def test_a_whole_side_missing_is_told_in_few_sentences(against):
    def edit(head, cell):
        head.scenarios[0].cells = head.scenarios[0].cells[:1]

    notes = against(edit).gate.notes
    assert len(notes) == 21
    assert notes[-1] == "only base has 27 more"


def test_runs_without_anything_in_common(against):
    def edit(head, cell):
        head.scenarios[0].name = "orders"

    with pytest.raises(NothingToCompareError, match="no scenario is in both"):
        against(edit)


def test_an_interrupted_run_is_no_pass(against):
    def edit(head, cell):
        head.interrupted = True

    run = against(edit)
    assert run.gate.problems == ["head was interrupted: not all of it could be compared"]
    assert run.outcome is Outcome.INCONCLUSIVE


def test_a_goal_of_the_scenario_is_compared(tmp_path):
    base = sample_run(groups=("aiohttp",), sizes=[20])
    base.scenarios[0].goal = {"card_p50_ns": 1.0}
    base.scenarios[0].cells[0].figures = {"card_p50_ns": 5e6, "cards": 3.0}
    head = copy.deepcopy(base)
    head.scenarios[0].cells[0].figures = {"card_p50_ns": 6e6, "cards": 2.0}
    write_run(base, tmp_path / "a.json")
    write_run(head, tmp_path / "b.json")
    run = compare(tmp_path / "a.json", tmp_path / "b.json")
    assert changes(run) == [(Change.WORSE, "card_p50_ns")]
    assert run.gate.differences[0].says.startswith("+1 ms card_p50_ns: 5 ms -> 6 ms")


def test_in_wall_time_counters_are_not_compared_and_times_are_ratios(tmp_path):
    base = sample_run(groups=("aiohttp",), sizes=[20], repeats=2)
    base.clock = "wall"
    head = copy.deepcopy(base)
    cell = head.scenarios[0].cells[0]
    cell.samples = [Sample(s.seed, 2 * s.elapsed_ns) for s in cell.samples]
    cell.counters["request"] += 1
    write_run(base, tmp_path / "a.json")
    write_run(head, tmp_path / "b.json")
    run = compare(tmp_path / "a.json", tmp_path / "b.json")
    assert run.gate.differences == []
    assert [timing.verdict for timing in run.gate.timings][:2] == [Verdict.REGRESSED, Verdict.INCONCLUSIVE]
    assert run.gate.timings[0].ratio == 2
    assert run.outcome is Outcome.FAIL


def test_processes_that_are_all_slower_are_a_regression(tmp_path):
    run = compare(PYPERF[0], slower(tmp_path, 1.25))
    regressed, same = run.gate.timings
    assert (regressed.name, regressed.verdict) == ("sum", Verdict.REGRESSED)
    assert regressed.ratio == pytest.approx(1.25)
    assert 1.05 < regressed.low < 1.25 < regressed.high
    assert regressed.level == pytest.approx(0.995)
    assert (regressed.pairs, regressed.method) == (0, "unpaired")
    assert regressed.reason == "12 and 12 processes"
    assert same.ratio == pytest.approx(1)
    assert run.outcome is Outcome.FAIL
    assert any("perfkit gate --base" in note for note in run.gate.notes)


def test_turned_round_it_is_an_improvement(tmp_path):
    run = compare(slower(tmp_path, 1.25, "slow.json"), PYPERF[0])
    assert run.gate.timings[0].verdict is Verdict.IMPROVED
    assert run.gate.stopping() == []


def test_the_same_file_of_another_tool():
    for tool in ("pyperf", "hyperfine", "pytest_benchmark"):
        run = compare(FILES / f"{tool}_base.json", FILES / f"{tool}_base.json")
        assert {timing.verdict for timing in run.gate.timings} == {Verdict.NO_CHANGE}
        assert run.outcome is Outcome.PASS


def test_two_real_runs_of_the_same_code_are_no_regression():
    for tool in ("pyperf", "pytest_benchmark"):
        run = compare(FILES / f"{tool}_base.json", FILES / f"{tool}_head.json")
        assert run.outcome is not Outcome.FAIL, tool


def test_commands_of_hyperfine():
    run = compare(FILES / "hyperfine_base.json", FILES / "hyperfine_head.json")
    slow, same = run.gate.timings
    assert (slow.name, slow.verdict) == ("python import.py", Verdict.REGRESSED)
    assert (same.name, same.verdict) == ("python export.py", Verdict.NO_CHANGE)
    assert slow.base_ns == 51_200_000
    assert any("taken on trust" in note for note in run.gate.notes)


def test_a_busy_machine_takes_the_verdict_away(tmp_path):
    whole = document("pyperf")
    for number, one in enumerate(whole["benchmarks"][0]["runs"]):
        one["values"] = [(2 if number % 2 else 3) * value for value in one["values"]]
    timing = compare(PYPERF[0], written(tmp_path / "busy.json", whole)).gate.timings[0]
    assert timing.verdict is Verdict.INCONCLUSIVE
    assert "head: its processes lie 2" in timing.reason
    assert "the machine was busy" in timing.reason


def test_few_processes_are_no_interval(tmp_path):
    whole = document("pyperf")
    for benchmark in whole["benchmarks"]:
        benchmark["runs"] = benchmark["runs"][:4]
    timing = compare(PYPERF[0], written(tmp_path / "few.json", whole)).gate.timings[0]
    assert timing.low is None
    assert timing.reason.startswith("fewer than 5 processes a side")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("hostname", "runner-2", "made with two machines"),
        ("python_version", "3.12.1 (64-bit)", "Python cpython 3.11.7 (64-bit) and cpython 3.12.1"),
        ("cpu_model_name", "Another CPU", "processor AMD EPYC and Another CPU"),
    ],
)
def test_unlike_machines_are_no_regression(key, value, says, tmp_path):
    whole = json.loads(slower(tmp_path, 1.5).read_text())
    whole["metadata"][key] = value
    run = compare(PYPERF[0], written(tmp_path / "other.json", whole))
    assert run.outcome is Outcome.INCONCLUSIVE
    assert says in run.gate.timings[0].reason
    assert run.gate.timings[0].ratio == pytest.approx(1.5)
    assert "runner-" not in json.dumps(run.gate.timings[0].reason)


def test_one_process_a_side_is_no_proof_of_ten_per_cent(tmp_path):
    path = FILES / "pytest_benchmark_base.json"
    for factor, verdict in ((1.1, Verdict.INCONCLUSIVE), (1.4, Verdict.REGRESSED), (0.6, Verdict.IMPROVED)):
        whole = document("pytest-benchmark")
        for key in ("min", "median"):
            whole["benchmarks"][0]["stats"][key] *= factor
        timing = compare(path, written(tmp_path / "head.json", whole)).gate.timings[0]
        assert timing.verdict is verdict
        assert timing.ratio == pytest.approx(factor)
        assert "one process a side: least times x" in timing.reason


def test_counters_of_the_plugin_are_compared_whatever_the_times_do(tmp_path):
    sides = []
    for name, queries in (("a.json", 1), ("b.json", 100)):
        whole = document("pytest-benchmark")
        whole["benchmarks"][0]["extra_info"] = {"queries": queries, "requests": 2, "mine": "x"}
        sides.append(written(tmp_path / name, whole))
    run = compare(*sides)
    assert run.gate.compared == 2
    (found,) = run.gate.differences
    assert found.says == "+99 queries: 1 -> 100, benchmarks/test_loops.py::test_sum"
    assert run.outcome is Outcome.FAIL


def test_failing_commands_have_no_verdict(tmp_path):
    whole = document("hyperfine", "head")
    whole["results"][0]["exit_codes"][0] = 1
    timing = compare(FILES / "hyperfine_base.json", written(tmp_path / "b.json", whole)).gate.timings[0]
    assert timing.verdict is Verdict.INCONCLUSIVE
    assert "head: 1 of 10 runs ended with another exit code" in timing.reason


def test_a_clock_that_is_too_coarse(tmp_path):
    whole = document("hyperfine")
    whole["results"][0]["times"] = [0.0] * 10
    timing = compare(FILES / "hyperfine_base.json", written(tmp_path / "b.json", whole)).gate.timings[0]
    assert (timing.verdict, timing.ratio) == (Verdict.INCONCLUSIVE, None)


def test_benchmarks_of_one_side_are_named(tmp_path):
    whole = document("hyperfine")
    whole["results"][1]["command"] = "python other.py"
    run = compare(FILES / "hyperfine_base.json", written(tmp_path / "b.json", whole))
    assert [timing.name for timing in run.gate.timings] == ["python import.py"]
    assert "only base has python export.py" in run.gate.notes
    assert "only head has python other.py" in run.gate.notes


def test_nothing_in_common_says_what_each_has(tmp_path):
    whole = document("hyperfine")
    whole["results"] = [{**whole["results"][0], "command": "ls"}]
    with pytest.raises(NothingToCompareError, match=r"has ls\. Name them alike with hyperfine -n") as error:
        compare(FILES / "hyperfine_base.json", written(tmp_path / "b.json", whole))
    assert error.value.exit_code == 3


def test_two_kinds_are_not_compared(tmp_path):
    with pytest.raises(UsageError, match=r"a run of pyperf and .* one of hyperfine; compare two of one kind"):
        compare(PYPERF[0], FILES / "hyperfine_base.json")
    run = sample_run(groups=("aiohttp",), sizes=[20])
    write_run(run, tmp_path / "virtual.json")
    run.clock = "wall"
    write_run(run, tmp_path / "wall.json")
    with pytest.raises(UsageError, match=r"bench in virtual time and .* one of perfkit bench in wall time"):
        compare(tmp_path / "virtual.json", tmp_path / "wall.json")


def test_the_comparison_is_a_run_that_can_be_stored(tmp_path):
    from perfkit.model.storage import read_run

    run = compare(PYPERF[0], slower(tmp_path, 1.25), command=("perfkit", "compare"))
    assert (run.kind, run.clock, run.gate.base, run.gate.head) == (
        "compare",
        "wall",
        "pyperf_base.json",
        "head.json",
    )
    assert read_run(write_run(run, tmp_path / "run.json")) == run
