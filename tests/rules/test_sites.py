import sqlite3
import textwrap
from pathlib import Path

import pytest

import perfkit
from perfkit.model import Frame
from perfkit.rules import View
from perfkit.rules.sources import Sources

from .traces import queries, trace_of

BY_ID = "SELECT name FROM users WHERE id = ?"
OTHER = "SELECT total FROM orders WHERE id = ?"

SOURCE = textwrap.dedent(
    """\
    def run(sql, *values):
        return execute(sql, values)


    def name(key):
        return run("...", key)


    def again(key):
        for attempt in range(3):
            answer = execute(key)
            if answer:
                return answer


    def report(keys):
        for key in keys:
            name(key)


    def listed(keys):
        return [
            name(key)
            for key in keys
        ]


    def retried(keys):
        for key in keys:
            again(key)


    def timed(function):
        def wrapper(*arguments):
            return function(*arguments)

        return wrapper
    """
)
LINES = {text.strip(): n for n, text in enumerate(SOURCE.splitlines(), 1)}


def frame(function, text, line=None):
    return Frame("app.py", line or LINES[text], function)


RUN = frame("run", "return execute(sql, values)")
NAME = frame("name", 'return run("...", key)')
AGAIN = frame("again", "answer = execute(key)")
REPORT = frame("report", "name(key)", 18)
LISTED = frame("listed.<listcomp>", "name(key)", 23)
LISTED_AROUND = frame("listed", "return [")
RETRIED = frame("retried", "again(key)")
WRAPPER = frame("timed.wrapper", "return function(*arguments)")


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "app.py").write_text(SOURCE)
    return Sources(str(tmp_path))


def site_of(path, sources, others=(), **facts):
    view = View(trace_of([*queries(3, BY_ID, path=path, **facts), *others]), sources=sources)
    return view.site(next(s for s in view.trace.spans if s.name == BY_ID))


def test_the_line_in_the_loop_and_not_the_helpers_it_calls(sources):
    assert site_of((RUN, NAME, REPORT), sources) == REPORT


def test_a_helper_that_everything_goes_through_is_stepped_over_without_a_source(tmp_path):
    others = queries(1, OTHER, path=(RUN,))
    nothing = Sources(str(tmp_path))
    assert site_of((RUN, NAME, REPORT), nothing, others) == NAME
    assert site_of((RUN, NAME, REPORT), nothing) == RUN


def test_a_loop_that_tries_again_is_not_where_items_come_from(sources):
    assert site_of((AGAIN, RETRIED), sources) == RETRIED


def test_a_comprehension_is_named_after_its_function(sources):
    found = site_of((RUN, NAME, LISTED, LISTED_AROUND), sources)
    assert found == Frame("app.py", 23, "listed")
    consumed_elsewhere = (RUN, NAME, LISTED, frame("other", "return ["))
    assert site_of(consumed_elsewhere, sources) == Frame("app.py", 23, "listed")


def test_a_decorators_wrapper_is_not_the_line(sources):
    assert site_of((WRAPPER, REPORT), sources) == REPORT
    assert site_of((WRAPPER,), sources) == WRAPPER


def test_what_an_orm_loads_is_asked_for_where_it_is_read(sources):
    assert site_of((NAME, REPORT), sources, relation="Order.customer") == NAME


def test_without_a_path_the_site_stands(sources):
    assert site_of((), sources) is None


def test_the_line_of_one_call(sources):
    spans = [*queries(3, BY_ID, path=(RUN, REPORT)), *queries(1, OTHER, path=(RUN, NAME))]
    view = View(trace_of(spans), sources=sources)
    assert {view.line(s) for s in view.trace.spans} == {REPORT, NAME}


def test_real_code_in_a_loop(tmp_path):
    def look_up(db, key):
        return db.execute("SELECT ? + 1", (key,)).fetchone()

    with perfkit.record() as rec:
        db = sqlite3.connect(tmp_path / "a.db")
        db.execute("CREATE TABLE t (id INTEGER)")
        for key in range(5):
            look_up(db, key)
        rows = [db.execute("SELECT id FROM t WHERE id = ?", (key,)).fetchone() for key in range(5)]
        db.close()
    assert len(rows) == 5
    sites = {f.template: f.site for f in rec.findings() if f.rule == "PK101"}
    (line,) = {site.line for template, site in sites.items() if "FROM t" in template}
    text = Path(__file__).read_text(encoding="utf-8").splitlines()[line - 1]
    assert text.strip().startswith("rows = [db.execute")
    assert all(site.function == "test_real_code_in_a_loop" for site in sites.values())
