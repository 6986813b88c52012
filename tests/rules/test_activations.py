"""How the calls of a task fall into runs of functions, awaits and rounds."""

import textwrap

from perfkit.model import Frame
from perfkit.rules.activations import Groups, outermost_first
from perfkit.rules.dependencies import Dependencies
from perfkit.rules.sources import Sources

from .traces import MS, request

PROGRAM = textwrap.dedent(
    """\
    async def main(s):
        await user(s)
        await orders(s)
        await get(s)


    async def user(s):
        await get(s)
        await get(s)
        await get(s)


    async def orders(s):
        await get(s)


    async def each(s, ways):
        for way in ways:
            await way(s)


    async def two(s, ways):
        for way in ways:
            first = await get(s)
            await get(first)


    async def line(s):
        return await get(1), await get(2), await get(3)


    async def get(s):
        await s.get()
    """
)
GET = Frame("app.py", 32, "get")


def at(line, function):
    return Frame("app.py", line, function)


def groups(tmp_path, *paths, needed=3, parts=None, names=None):
    """Of each group the depth and the numbers of its calls, step by step; paths are innermost first."""
    (tmp_path / "app.py").write_text(PROGRAM)
    found = Groups(Dependencies(Sources(str(tmp_path))), needed)
    calls = []
    for number, path in enumerate(paths):
        name = names[number] if names else f"page{number}"
        made = request(number * MS, MS, url=f"http://h/{name}", method="GET", path=path)
        calls.append(found.call(made, parts[number] if parts else 0))
    places = {id(call.span): number for number, call in enumerate(calls)}

    def numbers():
        return [
            (group.depth, [[places[id(call.span)] for call in step] for step in group.steps])
            for group in found.of(calls)
        ]

    first = numbers()
    assert numbers() == first
    return first


MAIN = [(GET, at(2, "main")), (GET, at(3, "main")), (GET, at(4, "main"))]
USER = [(GET, at(line, "user"), at(2, "main")) for line in (8, 9, 10)]
ORDERS = (GET, at(14, "orders"), at(3, "main"))
EACH = at(19, "each")
ROUNDS = [(GET, EACH), (GET, at(14, "orders"), EACH), (GET, at(8, "user"), EACH)]


def test_the_awaits_of_a_function(tmp_path):
    assert groups(tmp_path, *MAIN) == [(0, [[0], [1], [2]])]
    assert groups(tmp_path, *MAIN, needed=4) == []


def test_what_lies_further_inside_comes_first(tmp_path):
    assert groups(tmp_path, *USER, ORDERS, MAIN[2]) == [(1, [[0], [1], [2]])]


def test_an_await_with_several_calls_is_one_step(tmp_path):
    assert groups(tmp_path, *USER[:2], ORDERS, MAIN[2]) == [(0, [[0, 1], [2], [3]])]


def test_lines_that_begin_again_are_another_run(tmp_path):
    assert groups(tmp_path, *MAIN, *MAIN) == [(0, [[0], [1], [2]]), (0, [[3], [4], [5]])]
    assert groups(tmp_path, *MAIN[1:], *MAIN[:2]) == []


def test_nothing_is_moved_from_one_part_to_another(tmp_path):
    assert groups(tmp_path, *MAIN, parts=[0, 0, 1]) == []
    assert groups(tmp_path, *USER, ORDERS, MAIN[2], parts=[0, 1, 1, 2, 2]) == []


def test_rounds_that_call_different_functions(tmp_path):
    assert groups(tmp_path, *ROUNDS) == [(0, [[0], [1], [2]])]


def test_rounds_of_one_path(tmp_path):
    assert groups(tmp_path, *[(GET, EACH)] * 4) == [(0, [[0], [1], [2], [3]])]


def test_a_name_that_comes_again_begins_another_run_of_the_loop(tmp_path):
    found = groups(tmp_path, *[(GET, EACH)] * 6, names=["a", "b", "c", "a", "b", "c"])
    assert found == [(0, [[0], [1], [2]]), (0, [[3], [4], [5]])]


def test_rounds_in_different_parts_are_different_runs(tmp_path):
    found = groups(tmp_path, *[(GET, EACH)] * 7, parts=[0, 0, 0, 1, 2, 2, 2])
    assert found == [(0, [[0], [1], [2]]), (0, [[4], [5], [6]])]


def test_the_calls_of_a_round_stay_together(tmp_path):
    paths = [(GET, at(24, "two")), (GET, at(25, "two"))] * 3
    assert groups(tmp_path, *paths) == [(0, [[0, 1], [2, 3], [4, 5]])]


def test_several_awaits_on_a_line(tmp_path):
    assert groups(tmp_path, *[(GET, at(29, "line"))] * 3) == [(0, [[0], [1], [2]])]


def test_calls_of_a_function_that_something_else_called_meanwhile(tmp_path):
    other = (GET, at(8, "user"), at(4, "elsewhere"))
    assert groups(tmp_path, MAIN[0], other, MAIN[1], MAIN[2]) == []


def test_paths_outermost_first():
    path = (GET, at(9, "f.<listcomp>"), at(8, "f"), at(3, "g.<genexpr>"), at(2, "main"))
    assert outermost_first(path) == (at(2, "main"), at(9, "f"), GET)
    assert outermost_first(()) == ()
