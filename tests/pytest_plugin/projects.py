"""Small projects whose tests are run inside of ours."""

import sqlite3

import hypothesis

import perfkit
from perfkit.model import Trace
from perfkit.pytest_plugin import alone, baselines, report, summary, watching
from perfkit.rules import check

# Whatever an inner session imports first is forgotten after it: import all of it here, so that probes, which
# patch the process, can be removed.
PRELOADED = (alone, baselines, report, summary, watching, sqlite3, hypothesis)
perfkit.instrument()
perfkit.uninstrument()
check(Trace("wall", 0, 0))

INI = """
[pytest]
"""

SHOP = """
import sqlite3

def connect():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE lead (id INTEGER PRIMARY KEY, name TEXT)")
    database.executemany("INSERT INTO lead VALUES (?, ?)", [(n, str(n)) for n in range(50)])
    return database

def one(database, number=1):
    return database.execute("SELECT name FROM lead WHERE id = ?", (number,)).fetchone()

def each(database, count):
    return [one(database, number) for number in range(count)]

def together(database, count):
    marks = ", ".join("?" * count)
    return database.execute(f"SELECT name FROM lead WHERE id IN ({marks})", list(range(count))).fetchall()
"""

CONFTEST = """
import pytest
from shop import connect

@pytest.fixture
def db():
    database = connect()
    yield database
    database.execute("DELETE FROM lead")
    database.close()
"""


def make(pytester, tests, *, ini=INI, **more):
    """A project with the shop, its fixture ``db``, ``tests`` as test_app.py and ``more`` modules by name."""
    pytester.makeini(ini)
    pytester.makepyfile(shop=SHOP, conftest=CONFTEST, test_app=f"import pytest\nimport shop\n{tests}", **more)
    pytester.syspathinsert()


def run(pytester, *arguments, plugins=(), **options):
    """An inner session in this process, with our plugin and ``plugins`` alone."""
    named = [word for name in ("perfkit.pytest_plugin", *plugins) for word in ("-p", name)]
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *named, *arguments, **options)


def session(pytester, tests, *arguments, plugins=(), **more):
    """Make the project and run it."""
    make(pytester, tests, **more)
    return run(pytester, *arguments, plugins=plugins)
