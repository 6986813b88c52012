import asyncio
import sqlite3

import pytest

import perfkit
from perfkit.errors import BudgetError, UsageError
from perfkit.testing import assert_constant as assert_constant_async
from perfkit.tracing import enter, leave

FILE = "tests/test_constant.py"


@pytest.fixture
def db():
    perfkit.instrument("sqlite3")
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (id integer)")
    connection.executemany("insert into t values (?)", [(n,) for n in range(100)])
    connection.commit()
    yield connection
    connection.close()
    perfkit.uninstrument("sqlite3")


def query(name="SELECT ?"):
    leave(enter("query", name, {}, None))


def once(db):
    def page(size):
        return db.execute("SELECT id FROM t LIMIT ?", (size,)).fetchall()

    return page


def per_row(db):
    def page(size):
        for row in db.execute("SELECT id FROM t LIMIT ?", (size,)).fetchall():
            db.execute("SELECT id FROM t WHERE id = ?", row).fetchone()

    return page


def test_what_does_not_grow_passes_and_gives_its_counts(db):
    assert perfkit.assert_constant(once(db)) == {2: {"query": 1}, 5: {"query": 1}}
    assert perfkit.assert_constant(once(db), sizes=(9, 3, 3)) == {3: {"query": 1}, 9: {"query": 1}}


def test_what_grows_is_named_with_its_line(db):
    with pytest.raises(BudgetError) as caught:
        perfkit.assert_constant(per_row(db))
    message = str(caught.value)
    assert message.startswith(
        f"operations grow with the data (PK502): +3 SELECT id FROM t WHERE id = ? (from 2 to 5) at {FILE}:"
    )
    assert message.endswith("per_row.page (2 at size 2, 5 at size 5: grows like size^1)")
    assert isinstance(caught.value, AssertionError)


def test_every_template_that_grows_is_named():
    def grows(size):
        query("constant")
        for _ in range(size):
            query("first")
            query("second")

    with pytest.raises(BudgetError) as caught:
        perfkit.assert_constant(grows, sizes=(1, 3, 5))
    assert "+4 first (from 1 to 5)" in str(caught.value)
    assert "+4 second (from 1 to 5)" in str(caught.value)
    assert "constant (from" not in str(caught.value)


@pytest.mark.parametrize(("slack", "passes"), [(2, False), (3, True)])
def test_slack(db, slack, passes):
    if passes:
        assert perfkit.assert_constant(per_row(db), slack=slack) == {2: {"query": 3}, 5: {"query": 6}}
    else:
        with pytest.raises(BudgetError):
            perfkit.assert_constant(per_row(db), slack=slack)


def test_growth_between_the_sizes_counts_only_at_the_largest():
    """Caches fill: what was more at a size in the middle and is not at the end does not grow."""

    def humps(size):
        for _ in range(3 if size == 3 else 1):
            query()

    assert perfkit.assert_constant(humps, sizes=(2, 3, 5))[3] == {"query": 3}


def test_each_kind_of_operation_counts():
    def connects(size):
        for _ in range(size):
            leave(enter("connect", "connect db", {}, None))

    with pytest.raises(BudgetError, match=r"\+3 connect db"):
        perfkit.assert_constant(connects)


def test_what_is_no_operation_does_not_count():
    def spans(size):
        query()
        for _ in range(size):
            with perfkit.span("s"):
                pass

    assert perfkit.assert_constant(spans)[5] == {"query": 1}


def test_permissions_change_nothing():
    def allowed(size):
        with perfkit.allow("PK101", reason="known"):
            for _ in range(size):
                query()

    with pytest.raises(BudgetError, match=r"\+3 SELECT"):
        perfkit.assert_constant(allowed)


def test_what_saw_nothing_has_checked_nothing():
    with pytest.raises(BudgetError, match="saw no query and no request at any size"):
        perfkit.assert_constant(lambda size: None)


@pytest.mark.parametrize("sizes", [(), (5,), (5, 5)])
def test_two_different_sizes_are_needed(sizes):
    with pytest.raises(UsageError, match="two different sizes"):
        perfkit.assert_constant(query, sizes=sizes)


def test_errors_pass():
    def fails(size):
        query()
        raise KeyError(size)

    with pytest.raises(KeyError, match="2"):
        perfkit.assert_constant(fails)


async def asynchronous(size):
    for _ in range(size):
        await asyncio.sleep(0)
        query()


async def constant(size):
    await asyncio.sleep(0)
    query()


def test_an_async_function():
    assert perfkit.assert_constant(constant) == {2: {"query": 1}, 5: {"query": 1}}
    with pytest.raises(BudgetError, match=r"\+3 SELECT"):
        perfkit.assert_constant(asynchronous)


def test_inside_a_running_loop():
    async def main():
        assert await assert_constant_async(constant) == {2: {"query": 1}, 5: {"query": 1}}
        with pytest.raises(BudgetError, match=r"\+3 SELECT"):
            await assert_constant_async(asynchronous)
        with pytest.raises(BudgetError, match="nothing was checked"):
            await assert_constant_async(lambda size: asyncio.sleep(0))
        with pytest.raises(UsageError, match="two different sizes"):
            await assert_constant_async(constant, sizes=(1,))
        # the other one says what to write instead, and leaves no coroutine behind
        with pytest.raises(UsageError, match=r"await perfkit\.testing\.assert_constant"):
            perfkit.assert_constant(constant)
        # a plain function is as good there as anywhere
        assert perfkit.assert_constant(lambda size: query())[2] == {"query": 1}

    asyncio.run(main())


def test_inside_another_recording():
    with perfkit.record(probes=()) as rec:
        perfkit.assert_constant(lambda size: query())
    assert rec.counts["query"] == 2
