import itertools
import re
from html.parser import HTMLParser

import pytest

from perfkit.report.formats.html import render, render_html
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run

pytestmark = pytest.mark.once

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'`${x}{{x}} \u202etxt.exe\u2066 $\\frac{1$ _ "


@pytest.fixture(scope="module")
def whole():
    return render_html(sample_run())


class Page(HTMLParser):
    """Reads a page, checks that its tags are balanced, and keeps what tests ask for."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.headings, self.words = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.headings.append([int(tag[1]), ""])

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.words.append(data)
        if self.open and re.fullmatch(r"h\d", self.open[-1]):
            self.headings[-1][1] += data


RUNS = {
    "bench": sample_run,
    "repeated": lambda: sample_run(groups=("aiohttp",), repeats=3),
    "failing": failing_run,
    "trace": trace_run,
    "analysis": analysis_run,
    "empty": empty_run,
    "hostile": lambda: hostile_run(HOSTILE),
    "long": lambda: hostile_run("q" * 10_000),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run_is_a_balanced_page_that_refers_to_nothing_outside(name):
    page = Page(render_html(RUNS[name]()))
    assert "script" not in page.tags
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "style"]
    urls = [
        value for tag, name, value in page.attributes if name in ("href", "src", "srcset", "action", "data")
    ]
    assert [url for url in urls if not url.startswith("#") and url != "data:,"] == []
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for _, name, value in page.attributes:
        if name in ("aria-labelledby", "href") and value != "data:,":
            assert value.removeprefix("#") in ids
        for reference in re.findall(r"url\(#([^)]*)\)", value or ""):
            assert reference in ids


@pytest.mark.parametrize("name", RUNS)
def test_headings_are_in_order(name):
    levels = [level for level, _ in Page(render_html(RUNS[name]())).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_same_run_gives_the_same_bytes():
    assert render(sample_run()) == render(sample_run())


def test_a_whole_run_stays_below_300_kb(whole):
    assert len(whole.encode()) < 300_000


@pytest.mark.parametrize(
    ("run", "verdict"), [(sample_run, "PASS"), (failing_run, "FAIL"), (empty_run, "INCONCLUSIVE")]
)
def test_the_title_carries_the_verdict(run, verdict):
    text = render_html(run())
    assert re.search(r"<title>(\w+)", text)[1] == verdict
    assert f'class="verdict {verdict.lower()}"' in text


def test_all_sections_are_there_in_order(whole):
    page = Page(whole)
    wanted = [
        "Leads without an open activity",
        "Strategies",
        "own server",
        "cloud portal",
        "far server",
        "Prediction beside result",
        "When the calls were under way",
        "Findings",
        "Growth",
        "The story beside the measurement",
        "The rules that found something",
        "Environment and noise",
    ]
    assert [text for _, text in page.headings if text in wanted] == wanted
    assert page.tags.count("details") == 9 + 6 + 1 + 1 + 1  # the last: lower bounds


def test_what_the_reader_must_see(whole):
    words = " ".join(" ".join(Page(whole).words).split())
    for sentence in (
        "99 % waiting on the network: compiling (numba, cython) will not help",
        "(406 s waiting, 620 ms computing, aiohttp_serial at 2,000 leads on own server)",
        "differs (PK501)",
        "ClientResponseError: 503",
        "scenarios/leads.py:61 in serial",
        "perfkit explain PK102",
        "160 more calls, drawn together",
        "aiohttp_serial: slope 1.00",
        "virtual: modelled latency on a simulated network; exact, the same on every machine",
        "not told by this run",
    ):
        assert sentence in words


def test_a_finding_links_to_the_page_of_its_rule(whole):
    page = Page(whole)
    assert [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")] == [
        "#rule-PK102"
    ] * 2
    assert [value for tag, name, value in page.attributes if name == "id" and "rule-" in value] == [
        "rule-PK102"
    ]
    assert "<p><strong>Wrong</strong></p>\n<pre><code>for lead in leads:\n" in whole


def test_a_rule_that_is_not_installed_has_no_page():
    run = trace_run()
    run.findings[0].rule = "XY1"
    text = render_html(run)
    assert '<span class="code">XY1</span>' in text
    assert "The rules that found something" not in text


def test_a_file_of_traces():
    words = " ".join(" ".join(Page(render_html(analysis_run())).words).split())
    for sentence in (
        "PASS read in part; what was left out is listed below",
        "3 findings in 400 traces (52,000 spans) of day.jsonl.",
        "PK101 n-plus-one-query under GET /orders > load: 20,000 times in 400 traces, 90.0 s;",
        "Left out 1 line could not be read: line 52,001 ends in the middle",
        "count 20,000 in 400 traces",
        "Clock that of the machines where the traces were recorded",
        "PK103 duplicate-query",
    ):
        assert sentence in words
    assert "seed" not in words


def test_a_page_holds_some_hundred_findings_and_says_how_many_more():
    text = render_html(analysis_run(findings=512))
    assert text.count('<article class="finding">') == 500
    assert "12 more findings, which cost less, are in the JSON of the run." in text


def test_problems_and_warnings_are_listed():
    run = failing_run()
    run.warnings = ["interrupted: only the cells shown were measured"]
    words = " ".join(Page(render_html(run)).words)
    (wrong,) = [problem for problem in run.problems() if "aiohttp_concurrent" in problem]
    assert wrong.startswith("leads: aiohttp_concurrent at 20 leads on cloud")
    assert wrong.endswith("gave another answer than the baseline (PK501)")
    assert wrong in words
    assert "interrupted: only the cells shown were measured" in words


def test_tables_have_captions_and_scopes(whole):
    page = Page(whole)
    assert page.tags.count("table") == page.tags.count("caption")
    assert page.tags.count("th") == sum(name == "scope" for tag, name, _ in page.attributes if tag == "th")


def test_policy_language_and_viewport(whole):
    attributes = Page(whole).attributes
    assert ("html", "lang", "en") in attributes
    assert ("meta", "content", "width=device-width, initial-scale=1") in attributes
    assert ("meta", "content", "light dark") in attributes
    policy = next(
        value for tag, name, value in attributes if tag == "meta" and value.startswith("default-src")
    )
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")


def test_hostile_text_stays_text():
    text = render_html(hostile_run(HOSTILE))
    page = Page(text)
    assert not {"img", "script"} & set(page.tags)
    assert "onerror=alert(1)>" in " ".join(page.words)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)


def test_long_text_is_cut_and_says_so():
    text = render_html(hostile_run("q" * 10_000))
    assert "(cut from 10,000 characters)" in text
    assert max(map(len, re.findall("q+", text))) <= 1000
    assert len(text) < 300_000
