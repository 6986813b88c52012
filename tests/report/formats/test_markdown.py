"""Markdown for step summaries and comments, as GitHub's own renderer shows it."""

import re
from html.parser import HTMLParser

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.model import Gate, Timing, Verdict
from perfkit.report.formats.markdown import MARKER, MAX_BYTES, document, render
from perfkit.report.formats.markup import code, folded, listed, table, text
from tests.report.formats.runs import HOSTILE, RUNS
from tests.report.gate_sample import SAYS, SLOWER, failing_gate, run_of, worse
from tests.report.sample import analysis_run, empty_run, failing_run, sample_run, trace_run

ALLOWED = {
    *(
        "h3",
        "h4",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "strong",
        "code",
        "ul",
        "li",
        "sub",
        "br",
    ),
    *("details", "summary"),
}
EMPTY = {"br"}


def shown(run):
    return render(run).decode()


def html_of(markdown):
    """What GitHub's renderer makes of it, before mentions and the like are looked for."""
    return github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)


class Tree(HTMLParser):
    """Texts outside of code, one for each node, as GitHub looks for mentions in; and all elements."""

    def __init__(self, html):
        super().__init__()
        self.open, self.found, self.texts = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert not attrs, (tag, attrs)
        self.found.append(tag)
        self.open += [tag] if tag not in EMPTY else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "code" not in self.open:
            self.texts.append(data)


def test_the_marker_comes_first_and_then_the_verdict():
    lines = shown(failing_gate()).splitlines()
    assert lines[0] == MARKER == "<!-- perfkit -->"
    assert lines[1].startswith(
        "### ❌ perfkit: FAIL: 2 lines of leads got worse; 1 line of orders got better;"
    )


def test_the_answers_follow():
    lines = shown(failing_gate()).splitlines()
    asked = [re.match(r"- \*\*(.*?)\*\* ", line)[1] for line in lines[3:8]]
    assert asked == ["Did it get worse?", "By how much?", "How sure?", "Where?", "What to do?"]


def test_what_was_compared_is_said_and_no_gains_of_scenarios():
    assert "\nCompared: base main (0123456789ab), head work tree.\n" in shown(failing_gate())
    beside = shown(RUNS["against"]())
    assert "\nCompared: base main (0123456789ab), head work tree.\n" in beside
    assert "**leads**: " not in beside


def test_counters_come_before_times_and_only_what_changed_is_open():
    markdown = shown(failing_gate())
    opened = re.sub(r"<details>.*?</details>", "", markdown, flags=re.S)
    assert "| what | of | base | head | change | interval | verdict | line |" in opened
    counted = opened.index(
        "| queries<br>`SELECT act WHERE lead = ?` | leads own/serial n=100 | 1 | 100 | +99 | exact |"
    )
    timed = opened.index("| time | benchmarks/test\\_views.py::test\\_page | 1.20 ms | 1.26 ms | +5.2 % |")
    assert counted < timed
    assert "test_list" not in opened
    assert "<summary>1 benchmark with no change</summary>" in markdown


def test_worse_is_a_word_in_bold_and_names_its_line():
    row = next(line for line in shown(failing_gate()).splitlines() if line.startswith("| queries<br>"))
    assert row.endswith("| exact | **worse** | `app/views.py:41 in page` |")


def test_a_differences_whole_sentence_is_folded():
    says = "+1 request " + "x" * 500 + ' perfkit gate --update leads --reason "why"'
    markdown = shown(run_of(Gate(differences=[worse(says=says)])))
    assert "<details><summary>1 difference in full, with what to do</summary>" in markdown
    assert f"| `{says}` |" in markdown
    assert f"| `{SAYS}` |" in shown(failing_gate())


def test_times_are_a_table_without_empty_columns():
    figures = "**regressed** | +5.2 % | +3.1 % to +8.0 % | 8 | 0.6 % | 1.9 % | +5.00 % |"
    assert f"| `benchmarks/test_views.py::test_page` | {figures}" in shown(failing_gate())
    bare = shown(run_of(Gate(timings=[Timing("a", Verdict.NO_CHANGE, ratio=1.0)])))
    assert "| benchmark | verdict | change |\n| --- | --- | --- |\n| `a` | no change | +0.0 % |" in bare


def test_findings_are_new_known_or_fixed():
    markdown = shown(RUNS["against"]())
    assert "#### 1 new finding\n" in markdown
    assert "<details><summary>1 known finding</summary>" in markdown
    assert "<details><summary>1 fixed finding</summary>" in markdown
    fixed = markdown.partition("1 fixed finding")[2].partition("</details>")[0]
    assert "`GET old.test/items/{id}`" in fixed


def test_ten_findings_are_open_and_the_rest_is_folded():
    markdown = shown(analysis_run(findings=14))
    assert "#### 14 findings" in markdown
    opened, _, rest = markdown.partition("<details><summary>4 more findings</summary>")
    assert opened.count("PK10") >= 10
    assert rest.partition("</details>")[0].count("| PK103 duplicate-query<br>") == 4


def test_targets():
    markdown = shown(RUNS["targets"]())
    assert "#### Targets: 1 of 3 targets met, 1 missed, 1 not measured" in markdown
    assert "| query | shop/page at 100 rows | at most 5 ms | 7.25 ms | 45 % beyond | **missed** |" in markdown
    assert "<details><summary>1 target met</summary>" in markdown


def test_a_bench_has_headline_findings_and_strategies_of_its_main_size():
    markdown = shown(sample_run())
    assert markdown.startswith(
        f"{MARKER}\n### ✅ perfkit: PASS: every strategy that claims to be right answered"
    )
    assert "| PK102 n-plus-one-request<br>" in markdown
    assert "<details><summary>leads: 16 strategies at 200 leads, own server</summary>" in markdown
    assert "| aiohttp | `aiohttp_batched` | 4 | 1 |" in markdown
    assert "20 leads, own" not in markdown


def test_a_recording_and_a_file_of_traces_have_their_findings():
    assert "`app/report.py:41 in fetch`" in shown(trace_run())
    assert "| finding | place |" in shown(analysis_run())


def test_a_failing_bench_lists_its_problems():
    markdown = shown(failing_run())
    assert markdown.startswith(f"{MARKER}\n### ❌ perfkit: FAIL: ")
    assert "\n- **Problem:** leads: " in markdown


def test_nothing_measured():
    assert shown(empty_run()).startswith(f"{MARKER}\n### ❔ perfkit: INCONCLUSIVE: nothing was measured")


@pytest.mark.parametrize("name", RUNS)
def test_as_github_renders_it(name):
    """Tables stay tables, what is folded opens, and foreign text makes nothing at all."""
    markdown = shown(RUNS[name]())
    html = html_of(markdown)
    tree = Tree(html)
    assert set(tree.found) <= ALLOWED
    assert tree.found[0] == "h3"
    assert tree.found.count("table") == len(
        re.findall(r"^\| (?:-+ \| )*--- \|$|^\|(?: --- \|)+$", markdown, re.M)
    )
    assert tree.found.count("details") == markdown.count("<details>")
    for words in tree.texts:
        assert not re.search(r"@\w|https?://|\bwww\.\w|#\d|\bGH-\d|^\||:---|^```", words, re.IGNORECASE)
    for row in re.findall(r"<tr>(.*?)</tr>", html, re.S):
        assert row.count("<td") + row.count("<th") >= 1
    rows = [len(re.findall("<t[dh]", row)) for row in re.findall(r"<tr>.*?</tr>", html, re.S)]
    assert min(rows, default=1) >= 1
    assert len(markdown.encode()) <= MAX_BYTES


def test_the_renderer_would_tell():
    assert "<a href" in html_of("www.z.test and https://x.test")
    assert "<a href" not in html_of(text("www.z.test and https://x.test"))
    with pytest.raises(AssertionError):
        Tree(html_of("<img src=x>"))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="`|\\ab*<>&_@[](): \n$~#!-w.h", max_size=30))
def test_any_text_stays_one_cell(words):
    html = html_of(f"| a | b |\n| --- | --- |\n| {text(words)} | {code(words)} |\n")
    cells = re.findall(r"<td>(.*?)</td>", html, re.S)
    assert len(cells) == 2
    assert not re.search(r"<(?!/?code>|!-- -->)", "".join(cells))


def test_code_shows_what_it_was_given():
    for words in ("a|b", "`x`", "x``y", "\\|", "<b>&amp;"):
        cell = re.findall(r"<td>(.*?)</td>", html_of(f"| a |\n| --- |\n| {code(words)} |\n"))[0]
        assert Tree(cell).found == ["code"]


def test_a_long_report_fits_and_says_that_it_was_cut():
    timings = [Timing("é" * 400 + f"{n}", Verdict.REGRESSED, ratio=1.1, reason="é" * 400) for n in range(400)]
    gate = Gate(differences=[worse(size=n, says="é" * 590) for n in range(1, 400)], timings=timings)
    for run in (run_of(gate), RUNS["long"]()):
        assert len(render(run)) <= MAX_BYTES
    assert "not shown here" in shown(run_of(gate))


@pytest.mark.parametrize("limit", [300, 1_000, 5_000, 60_000, 1 << 20])
def test_it_keeps_to_any_limit(limit):
    for run in (failing_gate(), sample_run(groups=("aiohttp",))):
        whole = document(run, limit)
        assert len(whole) <= limit
        Tree(html_of(whole.decode()))


def test_what_does_not_fit_is_left_out_from_the_end():
    gate = Gate(timings=[SLOWER], problems=["<" * 500] * 10, notes=["&" * 500] * 60)
    markdown = shown(run_of(gate))
    assert len(markdown.encode()) <= MAX_BYTES
    assert "**regressed**" in markdown


def test_a_table_says_how_many_rows_it_has_not():
    rows = [(str(number), "") for number in range(9)]
    assert table(("a", "b"), rows, "query", (2, 1_000)).splitlines() == [
        *("| a |", "| --- |", "| 0 |", "| 1 |", ""),
        "7 more queries not shown here; the run's other reports have more.",
    ]
    assert table(("a", "b"), rows, "row", (9, 3)).startswith("9 more rows not shown here")
    assert listed(["x"] * 3, "row", 2) == "- x\n- x\n- and 1 more row"
    assert folded("s", "a", "b") == "<details><summary>s</summary>\n\na\n\nb\n\n</details>"


def test_hostile_text_is_there_to_be_read():
    assert "alert(1)" in shown(RUNS["hostile"]())
    assert "\u202e" not in shown(RUNS["hostile"]())
    assert len(HOSTILE) > 100
