"""The first screen of a bench that fails for its targets: what is missed, not how slow the baseline is."""

from msgspec.structs import replace

from perfkit.model import Gate, Target
from perfkit.report.view.page import page
from perfkit.report.view.target_answers import alone
from tests.report.gate_sample import run_of
from tests.report.sample import failing_run, sample_run

SERIAL = "leads: aiohttp_serial at 200 leads on own server"
CLOSE = Target("response", "leads: aiohttp_in_filter at 200 leads on own server", 1e8, 1.1e8)
FAR = Target("response", SERIAL, 1e8, 4e8)


def missing(*targets):
    return replace(sample_run(groups=("aiohttp",), sizes=[20, 200]), targets=list(targets))


def test_one_that_is_missed_is_the_headline_and_no_problem_beside_it():
    found = page(missing(FAR))
    assert found.meaning == f"{SERIAL}: response is 400 ms, target at most 100 ms: 300 % beyond it"
    assert (found.problems, found.answers.worse) == ((), "")
    assert found.title.startswith(f"FAIL - 1 problem: {SERIAL}")


def test_several_are_counted_and_the_one_that_is_missed_by_most_is_told():
    found = page(missing(CLOSE, FAR, Target("errors", SERIAL, 0.1, 0.0)))
    assert found.meaning == "2 of 3 targets missed"
    assert len(found.problems) == 2
    assert found.answers.worse == f"{FAR.problem()}."


def test_what_helps_is_the_finding_of_the_strategy_that_misses_it():
    run = missing(FAR)
    (finding,) = run.scenarios[0].cell("own", "aiohttp_serial", 200).findings
    told = page(run).answers
    assert told.where == str(finding.site)
    assert told.what_to_do.startswith(finding.fix)
    assert told.what_to_do.endswith(" Or change the limit in [tool.perfkit.targets].")
    assert told.how_much == "39.4 s, as predicted."
    assert told.explain == "perfkit explain PK102"


def test_without_a_finding_or_for_what_it_does_not_change_there_is_none():
    for target in (CLOSE, Target("memory", SERIAL, 1e6, 2e6), Target("response", "gone", 1e8, 2e8)):
        told = page(missing(target)).answers
        assert (told.where, told.explain, told.how_much) == ("", "", "")
        assert told.what_to_do == "Make it better, or change the limit in [tool.perfkit.targets]."


def test_beside_another_problem_or_a_gate_it_is_not_alone():
    assert alone(missing(FAR))
    assert not alone(missing())
    assert not alone(replace(failing_run(), targets=[FAR]))
    assert not alone(run_of(Gate(compared=3), targets=[FAR]))
