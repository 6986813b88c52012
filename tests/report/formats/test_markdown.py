"""Markdown for step summaries and comments: readable, escaped, and small enough to be taken."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from perfkit.model import Gate, Timing, Verdict
from perfkit.report.formats.markdown import MAX_BYTES, code, render, text
from tests.report.gate_sample import SAYS, SLOWER, failing_gate, hostile_gate, run_of, worse
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run

HOSTILE = "](http://x.test) | `b` <img src=x> ![i](//y) @you #12 www.z.test * _ ~~s~~ $x$ \n# head\n- item \\"


def shown(run):
    return render(run).decode()


def html_of(markdown):
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)


def test_the_verdict_comes_first():
    lines = shown(failing_gate()).splitlines()
    assert lines[0].startswith(
        "### ❌ perfkit: FAIL: 2 lines of leads got worse; 1 line of orders got better;"
    )
    assert lines[2] == "Compared: base main (0123456789ab), head work tree."


def test_what_changed_is_a_table():
    lines = shown(failing_gate()).splitlines()
    assert "| change | what | of | line |" in lines
    assert f"| **worse** | `{SAYS}` | leads own/serial n=100 | `app/views.py:41 in page` |" in lines
    assert "| inputs | `other inputs: seed 1, now 2` |" in shown(failing_gate())


def test_a_long_sentence_keeps_the_command_at_its_end():
    says = "+1 request " + "x" * 500 + ' perfkit gate --update leads --reason "why"'
    assert f"`{says}`" in shown(run_of(Gate(differences=[worse(says=says)])))


def test_times_are_a_table_without_empty_columns():
    assert (
        "| benchmark | verdict | change | interval | base | head | pairs | noise | finds | instructions |"
        in shown(failing_gate())
    )
    figures = "**regressed** | +5.2 % | +3.1 % to +8.0 % | 1.20 ms | 1.26 ms | 8 | 0.6 % | 1.9 % | +5.00 %"
    assert f"| `benchmarks/test_views.py::test_page` | {figures} |" in shown(failing_gate())
    bare = shown(run_of(Gate(timings=[Timing("a", Verdict.NO_CHANGE, ratio=1.0)])))
    assert "| benchmark | verdict | change |\n| --- | --- | --- |\n| `a` | no change | +0.0 % |" in bare


def test_details_are_folded():
    folded = re.search(
        r"<details><summary>Details</summary>\n\n(.*)\n\n</details>", shown(failing_gate()), re.S
    )
    assert folded[1].splitlines() == [
        "- only head has test\\_other",
        "- benchmarks/test\\_views.py::test\\_new: base has no such benchmark",
    ]
    assert "- Not compared: tests/test\\_broken.py could not be collected" in shown(failing_gate())


def test_a_bench_has_verdict_headline_and_findings():
    markdown = shown(sample_run())
    assert markdown.startswith("### ✅ perfkit: PASS: every strategy that claims to be right answered")
    assert "**leads**: aiohttp\\_" in markdown
    assert "| finding | place | times | effect | fix |" in markdown
    assert "PK102 n-plus-one-request" in markdown


def test_a_recording_and_a_file_of_traces_have_their_findings():
    assert "`app/report.py:41" in shown(trace_run())
    assert "| finding | place |" in shown(analysis_run())


def test_a_failing_bench_lists_its_problems():
    markdown = shown(failing_run())
    assert markdown.startswith("### ❌ perfkit: FAIL: ")
    assert "\n- leads: " in markdown


def test_nothing_measured():
    assert shown(empty_run()).startswith("### ❔ perfkit: INCONCLUSIVE: nothing was measured")


@pytest.mark.parametrize("run", [hostile_gate(HOSTILE), hostile_run(HOSTILE)])
def test_foreign_text_makes_no_link_image_mention_or_html(run):
    html = html_of(shown(run))
    allowed = {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "code", "ul", "li", "sub"}
    tags = set(re.findall(r"<([a-z0-9]+)", html)) - {"details", "summary"}
    assert tags <= allowed
    outside_of_code = re.sub(r"<code>.*?</code>", "", html, flags=re.S)
    for linked in ("http://", "@you", "#12", "www.z"):
        assert linked not in outside_of_code


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="`|\\ab*<>&_@[](): \n$~#!", max_size=30))
def test_any_text_stays_one_cell(words):
    table = f"| a | b |\n| --- | --- |\n| {text(words)} | {code(words)} |\n"
    cells = re.findall(r"<td>(.*?)</td>", html_of(table), re.S)
    assert len(cells) == 2
    assert not re.search(r"<(?!/?code>|!-- -->)", "".join(cells))


def test_a_long_report_fits_and_says_that_it_was_cut():
    timings = [Timing("é" * 400 + f"{n}", Verdict.REGRESSED, ratio=1.1, reason="é" * 400) for n in range(400)]
    gate = Gate(differences=[worse(size=n, says="é" * 590) for n in range(1, 400)], timings=timings)
    for run in (run_of(gate), hostile_run("é" * 10_000)):
        assert len(render(run)) <= MAX_BYTES
    assert "not shown here" in shown(run_of(gate))


def test_what_does_not_fit_is_left_out_from_the_end():
    gate = Gate(timings=[SLOWER], problems=["<" * 500] * 10, notes=["&" * 500] * 60)
    markdown = shown(run_of(gate))
    assert len(markdown.encode()) <= MAX_BYTES
    assert markdown.endswith("The rest does not fit here; the run's other reports have all of it.\n")
    assert "**regressed**" in markdown
