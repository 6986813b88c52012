import sqlite3
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.orm import Session

import perfkit
from perfkit.model import Frame
from perfkit.rules import Limits, check
from perfkit.rules.sources import Sources
from tests.postgres import postgres
from tests.rules.traces import MS, query, trace_of

FILE = "tests/rules/test_in_memory_page.py"
SOURCE = """\
def page(conn, start):
    rows = conn.execute(SQL).fetchall()
    return rows[start:start + 20]

def first(conn):
    return conn.execute(SQL).fetchall()[:20]

def total(conn):
    rows = conn.execute(SQL).fetchall()
    return len(rows), rows[:10]

def any_(conn):
    if conn.execute(SQL).fetchall():
        return True

def whole(conn):
    return [row for row in conn.execute(SQL).fetchall() if row]

def chosen(conn, state):
    rows = conn.execute(SQL).fetchall()
    return [row for row in rows if row.state == state]

def parted(conn):
    rows = conn.execute(SQL).fetchall()
    return [r for r in rows if r.state == "new"], [r for r in rows if r.state == "done"]
"""
LINES = {"page": 2, "first": 6, "total": 9, "any_": 13, "whole": 17, "chosen": 20, "parted": 24}
SQL = "SELECT id FROM jobs ORDER BY id"


@pytest.fixture
def found(tmp_path):
    """What is found in queries of the functions above, each with so many rows."""
    (tmp_path / "app.py").write_text(SOURCE, encoding="utf-8")

    def check_(function="page", rows=(2000,), sql=SQL, limits=None, **facts):
        path = facts.pop("path", (Frame("app.py", LINES[function], function),))
        spans = [query(n * 50 * MS, 40 * MS, sql, (), path=path, rows=r, **facts) for n, r in enumerate(rows)]
        findings = check(trace_of(spans), limits or Limits(), Sources(str(tmp_path)))
        return [finding for finding in findings if finding.rule == "PK301"]

    return check_


def test_a_page_cut_out_of_all_rows(found):
    (finding,) = found(rows=(2000, 2200))
    assert (finding.name, finding.count, finding.spent_ns) == ("in-memory-page", 2, 80 * MS)
    assert str(finding.site) == "app.py:2 in page"
    assert finding.template == SQL
    assert finding.evidence == ["fetches 2,000 rows without a LIMIT", "app.py:3 keeps a slice of them"]
    assert finding.saving_ns is None
    assert finding.basis.startswith("unknown: ")
    assert finding.fix == "Add LIMIT and OFFSET, or continue behind the last key of the page before."
    assert finding.span_ids == [1, 2]


def test_a_constant_slice_predicts_its_saving(found):
    (finding,) = found("first", rows=(2000,), sql="SELECT id FROM jobs")
    assert finding.saving_ns == round(40 * MS * (1 - 20 / 2000))
    assert finding.basis == "20 of 2,000 rows are used: 40 ms x (1 - 20/2000)"
    assert finding.evidence[1] == "app.py:6 keeps 20 of them"
    assert finding.fix.endswith("with an order that says which rows come first.")


def test_a_page_and_the_number_of_all(found):
    (finding,) = found("total")
    assert finding.evidence[1:] == ["app.py:10 counts them", "app.py:10 keeps 10 of them"]
    assert "ask for COUNT(*)" in finding.fix


def test_rows_that_are_only_asked_for(found):
    (finding,) = found("any_")
    assert finding.fix == "Add LIMIT 1, or ask by EXISTS."


@pytest.mark.parametrize(
    ("library", "word"), [("psycopg", "WHERE"), ("sqlalchemy", ".where("), ("django", "filter(")]
)
def test_rows_that_are_chosen_in_python(found, library, word):
    (finding,) = found("chosen", library=library)
    assert finding.evidence[1] == "app.py:21 keeps those with one value in a field"
    assert finding.basis == "unknown: how many of the rows are used does not show"
    assert word in finding.fix


@pytest.mark.parametrize(("library", "word"), [("sqlalchemy", ".limit("), ("django", "queryset[start:stop]")])
def test_the_fix_speaks_the_orms_language(found, library, word):
    (finding,) = found(library=library)
    assert word in finding.fix


RIGHT = {
    "all rows are used": {"function": "whole"},
    "all rows are used, part by part": {"function": "parted"},
    "few rows": {"rows": (99, 20)},
    "a limit": {"sql": "SELECT id FROM jobs ORDER BY id LIMIT ?"},
    "another kind of limit": {"sql": "SELECT id FROM jobs FETCH FIRST 500 ROWS ONLY"},
    "most of the rows are used": {"function": "first", "rows": (30,), "limits": Limits(min_rows=25)},
    "no SELECT": {"sql": "UPDATE jobs SET a = ?"},
    "what the ORM loads ahead": {"eager": True, "relation": "Job.items"},
    "rows that are not known": {"rows": (None,)},
    "a trace without lines": {"path": ()},
    "a file that is not there": {"path": (Frame("gone.py", 2, "page"),)},
    "a file that has changed": {"path": (Frame("app.py", 2, "another"),)},
}


@pytest.mark.parametrize("facts", RIGHT.values(), ids=RIGHT)
def test_what_is_right(found, facts):
    assert found(**facts) == []


def test_the_threshold_is_a_setting(found):
    assert len(found(rows=(50,), limits=Limits(min_rows=50))) == 1


# For real


def line_of(text):
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


def newest(db):
    rows = list(db.execute("SELECT id FROM t ORDER BY id DESC"))
    return rows[:3]


def latest(session):
    return session.execute(sqlalchemy.text("SELECT n FROM generate_series(1, 500) n")).first()


def test_sqlite3():
    with perfkit.record() as rec:
        db = sqlite3.connect(":memory:")
        db.execute("CREATE TABLE t (id integer)")
        db.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(300)])
        assert newest(db) == [(299,), (298,), (297,)]
        db.close()
    (finding,) = rec.findings()
    assert (finding.rule, finding.site.file, finding.site.function) == ("PK301", FILE, "newest")
    assert finding.site.line == line_of('rows = list(db.execute("SELECT id FROM t ORDER BY id DESC"))')


def test_sqlalchemy_whose_first_fetches_everything():
    engine = sqlalchemy.create_engine(postgres().replace("postgresql:", "postgresql+psycopg:"))
    with perfkit.record() as rec, Session(engine) as session:
        assert latest(session) == (1,)
    engine.dispose()
    (finding,) = [finding for finding in rec.findings() if finding.rule == "PK301"]
    assert finding.evidence[0] == "fetches 500 rows without a LIMIT"
    assert ".limit(" in finding.fix


def test_psycopg_whose_cursor_has_all_rows_already():
    with perfkit.record() as rec, psycopg.connect(postgres()) as conn:
        cursor = conn.cursor()
        cursor.execute("SELECT n FROM generate_series(1, 500) n")
        assert len(cursor.fetchmany(20)) == 20
    (finding,) = [finding for finding in rec.findings() if finding.rule == "PK301"]
    assert finding.basis.startswith("20 of 500 rows are used: ")
