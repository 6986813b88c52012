import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser

import pytest

from perfkit.report.formats.html import render, render_html
from tests.report.gate_sample import failing_gate, hostile_gate
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run
from tests.report.view.test_tuned import run as tune_run

pytestmark = pytest.mark.once

VOID = {"meta", "link", "br", "hr", "img", "input"}
DATA = (' type="application/gzip" id="spans-packed"',)
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
        if self.open and self.open[-1] in ("style", "script"):
            return
        self.words.append(data)
        if self.open and re.fullmatch(r"h\d", self.open[-1]):
            self.headings[-1][1] += data


RUNS = {
    "bench": sample_run,
    "repeated": lambda: sample_run(groups=("aiohttp",), repeats=3),
    "failing": failing_run,
    "gate": failing_gate,
    "hostile gate": lambda: hostile_gate(HOSTILE),
    "trace": trace_run,
    "analysis": analysis_run,
    "tune": tune_run,
    "empty": empty_run,
    "hostile": lambda: hostile_run(HOSTILE),
    "long": lambda: hostile_run("q" * 10_000),
}
CODE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)
"""Styles and scripts that run; a script with a type is data."""


def policy_of(text):
    return re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run_is_a_balanced_page_that_refers_to_nothing_outside(name):
    page = Page(render_html(RUNS[name]()))
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "style"]
    urls = [
        value for tag, name, value in page.attributes if name in ("href", "src", "srcset", "action", "data")
    ]
    assert [url for url in urls if not url.startswith("#") and url != "data:,"] == []
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for _, name, value in page.attributes:
        if name in ("aria-labelledby", "aria-describedby", "for", "href") and value != "data:,":
            assert value.removeprefix("#") in ids
        for reference in re.findall(r"url\(#([^)]*)\)", value or ""):
            assert reference in ids


@pytest.mark.parametrize("name", RUNS)
def test_the_policy_permits_the_pages_own_styles_and_scripts_and_no_others(name):
    text = render_html(RUNS[name]())
    hashes = {"style": [], "script": []}
    for kind, code in CODE.findall(text):
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        hashes[kind].append(f"'sha256-{digest}'")
    directives = dict(part.split(" ", 1) for part in policy_of(text).split("; "))
    assert directives.pop("style-src") == " ".join(hashes["style"])
    assert directives.pop("script-src", "") == " ".join(hashes["script"])
    assert directives == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    # whatever else is a script is data
    assert set(re.findall(r"<script([^>]*)>", text)) <= {"", *DATA}


def test_a_page_without_spans_has_no_script():
    assert "<script" not in render_html(empty_run())


@pytest.mark.parametrize("name", RUNS)
def test_headings_are_in_order(name):
    levels = [level for level, _ in Page(render_html(RUNS[name]())).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_same_run_gives_the_same_bytes():
    assert render(sample_run()) == render(sample_run())


def test_a_run_of_the_size_of_the_standard_run_stays_small():
    """288 cells, 12 worlds' growth and waterfalls; the standard run has 213 and may take 400 kB."""
    run = sample_run()
    run.scenarios = [run.scenarios[0], sample_run().scenarios[0]]
    run.scenarios[1].name = "again"
    assert len(render(run)) < 300_000


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
        "Findings",
        "Strategies",
        "own server",
        "cloud portal",
        "far server",
        "When the calls were under way",
        "The story beside the measurement",
        "Prediction beside result",
        "Growth",
        "The rules that found something",
        "Environment and noise",
    ]
    assert [text for _, text in page.headings if text in wanted] == wanted
    # one size of each world and the first waterfall
    assert page.attributes.count(("details", "open", None)) == 3 + 1


def test_what_the_reader_must_see(whole):
    words = " ".join(" ".join(Page(whole).words).split())
    for sentence in (
        "99 % waiting on the network: compiling (numba, cython) will not help",
        "differs (PK501)",
        "ClientResponseError: 503",
        "scenarios/leads.py:61 in serial",
        "perfkit explain PK102",
        "160 more calls, drawn together",
        "serial 1.00",
        "virtual: modelled latency on a simulated network; exact, the same on every machine",
        "not told by this run",
    ):
        assert sentence in words


def test_a_finding_links_to_the_page_of_its_rule(whole):
    page = Page(whole)
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert links.count("#rule-PK102") == 2
    assert [value for tag, name, value in page.attributes if name == "id" and "rule-" in value] == [
        "rule-PK102"
    ]
    assert "<p><strong>Wrong</strong></p>\n<pre><code>for lead in leads:\n" in whole
    assert "When it is wrong." not in whole
    assert "has the whole page: how the saving is predicted, when the rule is wrong" in whole


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
        "Left out 1 line could not be read: line 52,001 ends in the middle",
        "count 20,000 in 400 traces",
        "Clock that of the machines where the traces were recorded",
        "PK103 duplicate-query",
    ):
        assert sentence in words
    assert "seed" not in words


def test_a_page_holds_some_hundred_findings_and_says_how_many_more():
    text = render_html(analysis_run(findings=512))
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


def test_language_and_viewport(whole):
    attributes = Page(whole).attributes
    assert ("html", "lang", "en") in attributes
    assert ("meta", "content", "width=device-width, initial-scale=1") in attributes
    assert ("meta", "content", "light dark") in attributes


def test_hostile_text_stays_text():
    text = render_html(hostile_run(HOSTILE))
    page = Page(text)
    assert "img" not in page.tags
    assert page.tags.count("script") == text.count("<script")
    assert "onerror=alert(1)>" in " ".join(page.words)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)


def test_long_text_is_cut_and_says_so():
    text = render_html(hostile_run("q" * 10_000))
    assert "(cut from 10,000 characters)" in text
    assert max(map(len, re.findall("q+", text))) <= 1000
    assert len(text) < 300_000
