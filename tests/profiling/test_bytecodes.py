import asyncio
import os
import subprocess
import sys
import threading

import pytest

from perfkit.errors import UsageError
from perfkit.profiling import count_bytecodes

HERE = "tests/profiling/test_bytecodes.py"


def add(count):
    total = 0
    for number in range(count):
        total += number
    return total


def numbers(count):
    yield from range(count)


def thrown_into():
    try:
        yield 1
    except ValueError:
        yield 2


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


def counted(function, *arguments):
    with count_bytecodes() as found:
        function(*arguments)
    return found


def place(counts, name):
    return {function: count for (_, function), count in counts.items()}[name]


@pytest.fixture(autouse=True)
def _untraced():
    """Under a debugger or coverage there is nothing to test on Python 3.11."""
    if sys.version_info < (3, 12) and sys.gettrace() is not None:
        pytest.skip("something traces the tests")


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (add, (10,)),
        (lambda: list(numbers(5)), ()),
        (lambda: asyncio.run(turns(3)), ()),
        (lambda: [n + 1 for n in range(4)], ()),
    ],
)
def test_each_call_counts_the_same(function, arguments):
    totals = {counted(function, *arguments).total for _ in range(20)}
    assert len(totals) == 1
    assert totals.pop() > 0


def test_one_more_turn_of_a_loop_is_seen():
    steps = [counted(add, count).total for count in range(5)]
    each = steps[1] - steps[0]
    assert each > 3
    assert steps == [steps[0] + each * count for count in range(5)]


def test_going_on_is_no_call():
    found = counted(lambda: asyncio.run(turns(3)))
    assert place(found.calls, "turns") == 1
    found = counted(lambda: list(numbers(7)))
    assert place(found.calls, "numbers") == 1


def test_a_throw_is_no_call():
    def throws():
        generator = thrown_into()
        next(generator)
        generator.throw(ValueError)

    assert place(counted(throws).calls, "thrown_into") == 1


def test_a_generator_begun_before_counts_where_it_goes_on():
    generator = numbers(3)
    next(generator)
    found = counted(lambda: next(generator))
    assert place(found.by_place, "numbers") > 0
    assert place(found.calls, "numbers") == 0


def test_threads_count():
    def in_a_thread():
        thread = threading.Thread(target=add, args=(10,))
        thread.start()
        thread.join()

    assert place(counted(in_a_thread).by_place, "add") == place(counted(add, 10).by_place, "add")


def test_greenlets_count():
    greenlet = pytest.importorskip("greenlet")

    def in_greenlets():
        greenlet.greenlet(lambda: (greenlet.greenlet(add).switch(10), add(10))).switch()

    assert place(counted(in_greenlets).by_place, "add") == 2 * place(counted(add, 10).by_place, "add")


def test_libraries_do_not_count():
    found = counted(lambda: asyncio.run(turns(1)))
    assert {file for file, _ in found.by_place} == {HERE}


def test_nothing_is_counted_after_the_block():
    with count_bytecodes() as found:
        add(1)
    before = found.total
    add(1)
    assert found.total == before
    with count_bytecodes() as again:
        add(1)
    assert again.total == before


def test_an_error_passes_and_ends_the_counting():
    with pytest.raises(ValueError, match="no"), count_bytecodes():
        raise ValueError("no")
    assert counted(add, 2).total == counted(add, 2).total


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="others may trace there")
def test_a_tracer_that_is_there_is_not_replaced():
    def tracer(*_):
        return None

    sys.settrace(tracer)
    try:
        with pytest.raises(UsageError, match="traces this program already"), count_bytecodes():
            pass
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(None)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
def test_where_all_tools_are_taken_it_says_so():
    taken = [number for number in (2, 3, 4, 5) if sys.monitoring.get_tool(number) is None]
    for number in taken:
        sys.monitoring.use_tool_id(number, f"tool {number}")
    try:
        with pytest.raises(UsageError, match="tool 3"), count_bytecodes():
            pass
    finally:
        for number in taken:
            sys.monitoring.free_tool_id(number)


@pytest.mark.once
def test_hash_seeds_change_nothing(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "from perfkit.profiling import count_bytecodes\n"
        "def work():\n    found = {str(n) for n in range(50)}\n    return sum(len(x) for x in found)\n"
        "with count_bytecodes() as counted:\n    work()\n"
        "print(counted.total, counted.by_place)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(said) == 1
