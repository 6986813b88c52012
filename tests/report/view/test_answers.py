"""The answers of the first screen, word by word."""

import pytest
from msgspec.structs import replace

from perfkit.model import Change, Finding, Frame, Gate, Target, Timing, Verdict
from perfkit.report.view.answers import Answers
from perfkit.report.view.page import page
from tests.report.gate_sample import FASTER, SAME, SLOWER, UNDECIDED, run_of, worse
from tests.report.sample import empty_run, failing_run, sample_run, trace_run

FOUND = Finding(
    "PK101", "n-plus-one-query", "SELECT act WHERE lead = ?", 100, 500_000_000,
    Frame("app/views.py", 44, "acts"), (), 495_000_000, "1 query instead of 100", fix="Ask once for all",
)  # fmt: skip
RECORD = 'perfkit gate --update leads --reason "why"'
EXACT = "Exact: counters and virtual time have no noise."


def answers(gate, **more):
    return page(run_of(gate, **more)).answers


def said(found: Answers):
    return dict(zip(("worse", "much", "sure", "where", "do"), _told(found), strict=True))


def _told(found):
    return found.worse, found.how_much, found.how_sure, found.where, found.what_to_do


def test_a_counter_that_got_worse_with_the_finding_behind_it():
    gate = Gate(
        compared=9,
        differences=[worse(says=f"+99 SELECT act; if it is meant: {RECORD}", finding=FOUND)],
    )
    found = answers(gate)
    assert said(found) == {
        "worse": "Yes: 1 line of leads got worse.",
        "much": "leads own/serial n=100: queries 1 -> 100 (+99).",
        "sure": EXACT,
        "where": "app/views.py:44 in acts",
        "do": "Ask once for all. Predicted saving 495 ms (1 query instead of 100).",
    }
    assert found.statement == "SELECT act WHERE lead = ?"
    assert found.commands == (("more", "perfkit explain PK101"), ("if it is meant", RECORD))
    assert [(fact.name, fact.change, fact.sure, fact.tone) for fact in found.facts] == [
        ("queries: SELECT act WHERE lead = ?", "+99", "exact", "worse")
    ]
    assert found.lines[3] == ("Where?", "app/views.py:44 in acts: SELECT act WHERE lead = ?")


def test_growth_is_told_before_amounts():
    gate = Gate(differences=[
        worse(before=5, after=5_000, growth_before="n", growth_after="n"),
        worse(metric="request", template="", before=2, after=9, growth_before="1", growth_after="n"),
    ])  # fmt: skip
    assert answers(gate).how_much.startswith("leads own/serial n=100: requests 2 -> 9 (+7, O(1) -> O(n));")


def test_a_slower_benchmark():
    found = answers(Gate(timings=[SAME, SLOWER]))
    assert said(found) == {
        "worse": f"Yes: 1 of 2 benchmarks got slower, {SLOWER.name} by +5.2 %.",
        "much": f"{SLOWER.name}: time 1.20 ms -> 1.26 ms (+5.2 %).",
        "sure": "99 % interval +3.1 to +8.0 %, 8 pairs; this run finds slowdowns from 1.9 %.",
        "where": SLOWER.name,
        "do": f"Profile it in both revisions: perfkit run --cpu -m pytest {SLOWER.name}",
    }


def test_a_pass_says_what_it_could_have_seen():
    assert said(answers(Gate(compared=312, timings=[SAME]))) == {
        "worse": "No: 312 lines of baselines hold; 1 benchmark, no change; "
        "smallest detectable slowdown 1.6 %.",
        "much": "Nothing changed.",
        "sure": f"{EXACT} This run finds slowdowns from 1.6 %; of smaller ones it says nothing.",
        "where": "",
        "do": "Nothing.",
    }
    assert answers(Gate(timings=[FASTER])).how_much == f"{FASTER.name}: -20.0 %."


@pytest.mark.parametrize(
    ("change", "says", "worse_", "to_do", "commands"),
    [
        (
            Change.BETTER,
            f"-3 GET /x; record the improvement: {RECORD}",
            "No, but it changed: 1 line of leads got better.",
            "Record it, so that it stays so.",
            (("record it", RECORD),),
        ),
        (
            Change.NEW,
            f"own/new is not in the baseline; record it: {RECORD}",
            "No, but it changed: 1 line of leads is new.",
            "Record it if it is meant; else take it out.",
            (("if it is meant", RECORD),),
        ),
        (
            Change.UNSEEN,
            f"expected probe saw nothing. If they are gone on purpose: {RECORD}",
            "Yes: 1 line of leads is not seen at all.",
            "See that the library is still watched: perfkit list.",
            (("if it is meant", RECORD),),
        ),
        (
            Change.MISSING,
            f"leads has no baseline: nothing to compare with; record it: {RECORD}",
            "It cannot be told: 1 line of leads is not compared.",
            "Record it anew: there is nothing to compare with.",
            (("record it", RECORD),),
        ),
    ],
)
def test_other_changes_say_what_to_do(change, says, worse_, to_do, commands):
    one = worse(change=change, says=says, before=None, after=None, growth_before="", growth_after="")
    found = answers(Gate(compared=3, differences=[one]))
    assert (found.worse, found.what_to_do, found.commands) == (worse_, to_do, commands)


def test_a_benchmark_that_could_not_be_decided():
    found = answers(Gate(timings=[UNDECIDED]))
    assert found.worse == "It cannot be told: 1 of 1 benchmark could not be decided."
    assert found.what_to_do.startswith(f"{UNDECIDED.name}: base has no such benchmark; measure again")


def test_a_missed_target_beside_a_gate_that_holds():
    missed = Target("response", "leads", 100e6, 150e6)
    found = answers(Gate(compared=3), targets=[missed])
    assert found.worse == (
        "No: 3 lines of baselines hold. It fails for something else: "
        "leads: response is 150 ms, target at most 100 ms: 50 % beyond it."
    )
    assert found.what_to_do == "Make it faster, or change the limit in [tool.perfkit.targets]."


def test_targets_that_could_not_be_measured():
    found = page(run_of(Gate(compared=3), targets=[Target("query", "leads", 1e6, None, "it made no query")]))
    assert found.title == "INCONCLUSIVE - no target could be measured - perfkit"
    assert found.answers.worse == (
        "No: 3 lines of baselines hold. But no target could be measured, of 1 declared."
    )
    assert found.answers.what_to_do == (
        "Have a target measured (it made no query), or take it out of [tool.perfkit.targets]."
    )


def test_an_interrupted_gate_is_not_told_by_its_targets():
    run = run_of(Gate(compared=3), targets=[Target("query", "leads", 1e6)], interrupted=True)
    assert page(run).answers.worse == "It cannot be told: interrupted before the end."


def test_another_strategy_is_named_beside_the_lead():
    slow = worse(entry="own/export", metric="time_ns", template="", before=1_000, after=1_300, site=None,
                 growth_before="", growth_after="", says="slower")  # fmt: skip
    found = answers(Gate(differences=[slow, worse()]))
    assert found.how_much == (
        "leads own/serial n=100: queries 1 -> 100 (+99). "
        "leads own/export n=100: virtual time 1.00 µs -> 1.30 µs (+30.0 %)."
    )
    assert [fact.name for fact in found.facts][1] == "virtual time: leads own/export n=100"


def test_a_bench_run_says_what_is_slow_and_what_beats_it():
    found = page(sample_run()).answers
    assert said(found) == {
        "worse": "aiohttp_serial takes 41.2 s at 200 leads on own server.",
        "much": "205x: aiohttp_in_filter answers the same in 200 ms.",
        "sure": f"{EXACT} Latency is modelled.",
        "where": "scenarios/leads.py:61 in serial",
        "do": "Send up to 50 of these calls (crm.activity.list) in one batch request; "
        "or ask once with a list. Predicted saving 39.4 s (4 round trips of 200 ms (known link) and "
        "the service time of every call, in batches of 50); measured 40.4 s with aiohttp_batched.",
    }
    assert found.questions[0] == "What is slow?"


def test_of_no_time_at_all_there_is_no_factor():
    run = sample_run(groups=("aiohttp",), sizes=[200])
    best = run.scenarios[0].cell("own", "aiohttp_in_filter", 200)
    best.samples = [replace(sample, elapsed_ns=0) for sample in best.samples]
    found = page(run)
    assert found.answers.how_much == "aiohttp_in_filter answers the same in 0 ns."
    assert found.headlines[0].effect.startswith(
        "aiohttp_in_filter answers in 0 ns where aiohttp_serial takes 41.2 s at"
    )
    assert found.headlines[0].gain == "aiohttp_in_filter faster than aiohttp_serial"


def test_of_several_scenarios_the_costliest_finding_comes_first():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    other = sample_run(groups=("aiohttp",), sizes=[200]).scenarios[0]
    run.scenarios.append(replace(other, name="orders"))
    found = page(run).answers
    assert (found.worse, found.where) == ("", "")
    assert found.what_to_do.startswith("Begin with orders: Send up to 50")


def test_wall_time_of_one_sample_says_so():
    run = sample_run()
    run.clock = "wall"
    assert page(run).answers.how_sure.endswith("with noise that is not known; try --repeats 5.")
    run = sample_run(repeats=3)
    run.clock = "wall"
    assert page(run).answers.how_sure == "Counters are exact. Times are medians of 3 samples on this machine."


def test_a_title_has_the_verdict_and_the_effect_and_no_more_than_120_characters():
    assert page(failing_run()).title.startswith("FAIL - 2 problems: leads: aiohttp_batched at 20 leads")
    assert page(empty_run()).title == "INCONCLUSIVE - nothing measured - perfkit"
    for run in (failing_run(), sample_run(), run_of(Gate(differences=[worse(entry="x" * 500)]))):
        assert len(page(run).title) <= 120


def test_a_killed_and_a_failed_program_are_headed_by_what_happened():
    run = trace_run()
    run.warnings = ["the program ended with exit code 3"]
    assert (page(run).outcome, page(run).meaning) == (
        "PASS",
        "recorded to the end; the program ended with exit code 3",
    )
    run.interrupted, run.warnings = True, ["the program ended with exit code 137"]
    assert (page(run).outcome, page(run).meaning) == (
        "INCONCLUSIVE",
        "killed before its end (the program ended with exit code 137): the last second may be missing",
    )


def test_findings_of_a_gate_are_new_or_fixed():
    gone = replace(FOUND, template="SELECT old")
    gate = Gate(
        differences=[
            worse(metric="finding", finding=FOUND),
            worse(change=Change.BETTER, metric="finding", template="SELECT old", finding=gone),
        ]
    )
    shown = page(run_of(gate)).gate
    assert [(row.status, row.template) for row in shown.new] == [("new", FOUND.template)]
    assert [(row.status, row.template) for row in shown.fixed] == [("fixed", "SELECT old")]
    assert shown.changed[0].says == "n-plus-one-query: 100 times, 500 ms; predicted saving 495 ms"


def test_the_table_has_counters_before_times_and_the_same_figure_once():
    slow = worse(metric="time_ns", template="", before=5, after=9, says="slower")
    gate = Gate(
        strict=False, compared=9, timings=[SAME, SLOWER], differences=[slow, worse(size=10), worse(size=1000)]
    )
    shown = page(run_of(gate)).gate
    assert [(row.what, row.of, row.more) for row in shown.changed] == [
        ("queries", "leads own/serial n=1,000", "and 1 more place"),
        ("virtual time", "leads own/serial n=100", ""),
        ("time", SLOWER.name, ""),
    ]
    assert shown.same == (SAME.name,)


def test_a_timing_without_a_ratio_has_no_figure():
    found = answers(Gate(timings=[Timing("a", Verdict.INCONCLUSIVE, reason="too noisy")]))
    assert (found.facts, found.how_sure) == ((), "a: too noisy.")


def test_every_benchmark_that_got_slower_is_told_the_worst_first():
    other = Timing("test_total", Verdict.REGRESSED, ratio=9.0, low=8.0, high=9.5, base_ns=100, head_ns=900)
    found = answers(Gate(timings=[SLOWER, other, SAME]))
    assert [fact.name for fact in found.facts] == ["time", f"time: {SLOWER.name}"]
    assert SLOWER.name in found.how_much
    assert SLOWER.name in found.effect


def test_the_level_of_an_interval_is_rounded_down():
    slower = replace(SLOWER, level=1 - 0.01 / 3)
    assert answers(Gate(timings=[slower])).how_sure.startswith("99.6 % interval")


def test_counts_of_recorded_programs_are_exact_and_their_times_not_compared():
    found = answers(Gate(compared=3, strict=False))
    assert found.how_sure == "Exact: counters have no noise. Times are not compared."


def test_what_a_goal_of_figures_is_made_of_is_not_called_time_taken():
    run = sample_run(sizes=[20])
    run.scenarios[0].goal = {"card_p50_ns": 1.0}
    for cell in run.scenarios[0].cells:
        cell.figures["card_p50_ns"] = cell.elapsed_ns or 0
    found = page(run).answers
    assert found.worse.startswith("card p50 is 4.12 s with aiohttp_serial at 20 leads")
    assert "which answers the same." in found.how_much
