"""The first screen of a recorded program: what took long, and what to begin with."""

from perfkit.model import Frame, Span, Trace, pack
from perfkit.model.profile import AllocationSite, CallTree, Profile
from perfkit.report import render
from perfkit.report.view.page import page
from tests.report.sample import MS, analysis_run, empty_run, trace_run

LINE = Frame("app/work.py", 7, "digest")


def quiet_run(**changes):
    """A program that computes for 800 of 1,000 ms and asks nobody."""
    run = empty_run(kind="trace", clock="wall", **changes)
    run.trace = pack(Trace("wall", 0, 1_000 * MS, cpu_ns=800 * MS))
    return run


def test_the_finding_that_saves_most_with_its_share_of_the_whole():
    found = page(trace_run()).answers
    assert found.worse == "The program took 9.00 s, of which 7.80 s waiting on requests; 1 finding."
    assert found.how_much == "7.00 s, 77 % of the whole: PK102 n-plus-one-request, 60 times, 7.80 s."
    assert found.how_sure == "Counts are exact; times are of one run."
    read = page(analysis_run()).answers
    assert (read.questions[0], read.where) == ("What was found?", "GET /orders > load")


def test_a_saving_that_hardly_matters_is_called_so():
    run = trace_run()
    run.findings[0].saving_ns = 20_000
    assert page(run).answers.how_much.startswith("20.0 \u00b5s, less than 1 % of the whole: PK102")


def test_without_a_finding_it_is_said_how_to_learn_more():
    found = page(quiet_run()).answers
    assert found.worse == "The program took 1.00 s, of which 800 ms computing; 0 findings."
    assert found.how_much == "No rule found anything to mend."
    assert "run it with --cpu" in found.what_to_do


def test_without_a_finding_a_profile_names_the_costliest_line():
    tree = CallTree([LINE], [True], parent=[-1], frame=[0], value=[450 * MS])
    cpu = Profile("cpu", name="program", tree=tree)
    found = page(quiet_run(profiles=[cpu])).answers
    assert found.where == "app/work.py:7 in digest"
    assert found.how_much.endswith("The costliest line has 100 %, 450 ms of 450 ms.")
    assert found.what_to_do.startswith("Begin there: app/work.py:7 in digest costs most.")
    memory = Profile("memory", name="program", peak_bytes=4_000, top=[AllocationSite(LINE, 3_000, 2)])
    found = page(quiet_run(profiles=[memory])).answers
    assert found.how_much.endswith("The costliest line has 75 %, 3.0 kB of 4.0 kB at the peak.")
    assert page(quiet_run(profiles=[Profile("memory")])).answers.where == ""
    assert page(quiet_run(profiles=[Profile("cpu")])).answers.what_to_do == ""


def test_a_program_that_was_killed_is_not_said_to_have_taken_no_time():
    run = empty_run(kind="trace", clock="wall", interrupted=True)
    run.trace = pack(Trace("wall", 0, 0))
    shown = page(run)
    assert shown.answers.worse == "The program was killed before any of its operations was recorded."
    assert (shown.answers.how_much, shown.answers.what_to_do) == ("", "")
    assert shown.answers.how_sure.startswith("It was killed: what it did in its last second may be missing")
    assert shown.trace.tables.notes == shown.trace.tables.splits == ()
    run = trace_run()
    run.interrupted = True
    assert page(run).answers.worse.startswith("Of the program 9.00 s were recorded, of which 7.80 s waiting")


def test_of_many_threads_the_parts_may_be_more_than_the_whole():
    run = quiet_run()
    run.trace = pack(Trace("wall", 0, 1_000 * MS, cpu_ns=3_000 * MS))
    said = page(run).answers.worse
    assert said == "The program took 1.00 s, most of it computing; 0 findings."


def test_the_shares_of_the_time_add_up_to_a_hundred():
    run = quiet_run()
    spans = [
        Span(1, None, "request", "a", 0, 667 * MS),
        Span(2, None, "query", "b", 667 * MS, 693 * MS),
    ]
    run.trace = pack(Trace("wall", 0, 1_000 * MS, spans, cpu_ns=197 * MS))
    (split, *_) = page(run).trace.tables.splits
    assert sum(int(part.split(" %")[0]) for part in split.parts) == 100


def test_a_recording_has_no_seed():
    assert "seed" not in " ".join(page(trace_run()).provenance)


def test_what_there_is_none_of_has_no_empty_table():
    killed = empty_run(kind="trace", clock="wall", interrupted=True)
    killed.trace = pack(Trace("wall", 0, 0))
    for form in ("html", "text"):
        shown = render(killed, form).decode()
        assert "Slowest operations" not in shown
        assert "Where the time went" not in shown
        assert "Slowest operations" in render(trace_run(), form).decode()
    assert "Nothing was recorded before the program was killed." in render(killed, "html").decode()
    assert "made no request and no query" in render(quiet_run(), "html").decode()
