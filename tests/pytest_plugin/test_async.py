"""Coroutines: recorded inside the task they run in, whichever plugin runs them."""

import pytest

from tests.pytest_plugin.projects import session

ASYNCIO = ("pytest_asyncio.plugin",)
ANYIO = ("anyio.pytest_plugin",)
INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"

TESTS = """
import asyncio
import contextvars

async def two(db):
    await asyncio.sleep(0)
    shop.each(db, 2)

{mark}
async def test_tasks(perf, db):
    await asyncio.gather(two(db), two(db))
    await asyncio.to_thread(len, "")
    assert perf.counts["query"] == 4

{mark}
@pytest.mark.perf(max_queries=1)
async def test_budget(db):
    await two(db)

class TestOf:
    {mark}
    @pytest.mark.parametrize("count", [1, 2])
    async def test_count(self, perf, db, count):
        shop.each(db, count)
        assert perf.counts["query"] == count

def test_plain(perf, db):
    asyncio.run(two(db))
    assert perf.counts["query"] == 2
"""


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_pytest_asyncio(pytester, mode):
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    result = session(
        pytester, TESTS.replace("{mark}", mark), f"--asyncio-mode={mode}", plugins=ASYNCIO, ini=INI
    )
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_app.py::test_budget - perfkit: 2 queries, max_queries=1"])


def test_async_fixtures_are_not_in_it(pytester):
    result = session(
        pytester,
        """
import pytest_asyncio

@pytest_asyncio.fixture
async def filled(perf, db):
    shop.each(db, 3)
    yield db
    assert perf.counts["query"] == 1

@pytest.mark.asyncio
async def test_one(perf, filled):
    shop.one(filled)
    assert perf.counts["query"] == 1
""",
        plugins=ASYNCIO,
        ini=INI,
    )
    result.assert_outcomes(passed=1)


def test_anyio(pytester):
    mark = "@pytest.mark.anyio"
    more = """
@pytest.fixture(scope="module", params=["asyncio"])
def anyio_backend(request):
    return request.param

@pytest.fixture
async def filled(anyio_backend, perf, db):
    shop.each(db, 3)
    yield db

@pytest.mark.anyio
async def test_fixture(perf, filled):
    shop.one(filled)
    assert perf.counts["query"] == 1
"""
    result = session(pytester, TESTS.replace("{mark}", mark) + more, plugins=ANYIO)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["FAILED *test_budget?asyncio? - perfkit: 2 queries, max_queries=1"])
