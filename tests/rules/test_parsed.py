import ast
import textwrap

import pytest

from perfkit.model import Frame
from perfkit.rules import parsed
from perfkit.rules.parsed import parse

from .programs import marked


def source_of(text):
    """The parsed text and the line marked with "# here"."""
    text, (line,) = marked(text)
    source = parse(text.encode())
    assert source is not None
    return source, line


LINES = """
def straight(xs):
    load()  # once
    for x in xs:
        load(x)  # each
        keep(
            load(x)  # each
        )
        if x:
            load(x)  # each
        with load(x) as y:  # each
            load(y)  # each
        try:
            load(x)  # each
        except E:
            load(x)  # each
        finally:
            load(x)  # each
        match x:
            case 1:
                load(x)  # each
        for y in load(x):  # each
            load(y)  # each
        retry(lambda: load(x))  # each
        g = lambda: load(x)  # once <lambda>
        def inner():
            load(x)  # once
            for y in x: load(y)  # each
    else:
        load()  # once
    load()  # once

def headers():
    for x in load():  # once
        pass
    for x in keep(
        load()  # once
    ):
        pass
    for x in [load(y) for y in ys]:  # each
        pass
    while load():  # each
        load()  # each
    else:
        load()  # once

async def coroutine(xs):
    async for x in load():  # once
        await load(x)  # each
    return [await load(x) for x in xs]  # each

def comprehensions(xs):
    a = {load(x) for x in xs}  # each
    b = {x: load(x) for x in xs}  # each
    c = [x for x in xs if load(x)]  # each
    d = [y for x in xs for y in load(x)]  # each
    e = [x.owner for x in xs]  # each
    f = [
        load(x)  # each
        for x in load()  # once
    ]
    g = [
        x
        for x in load()  # once
    ]
    load({n: f"{x}" for n, x in enumerate(xs)})  # once
    with keep([load(x) for x in xs]):  # each
        load()  # once
    h = lambda: [load(x) for x in xs]  # each <lambda>
    load(lambda: [load(x) for x in xs])  # once
    return [load(x) for x in xs]  # each <listcomp>

def generators(xs):
    load(load(x) for x in xs)  # each <genexpr>
    load(load(x) for x in xs)  # once

def functions(xs):
    a = list(map(load, xs))  # each
    b = list(filter(load, xs))  # each
    load(lambda: map(load, xs))  # once
    c = sorted(xs, key=load)  # each
    c = sorted(load(xs))  # once
    c = sorted(xs, key=lambda x: load(x))  # each <lambda>
    d = itertools.starmap(load, xs)  # each
    e = table.filter(load(xs))  # once

def left_at_some_time(xs):
    for x in xs:
        y = load(x)  # each
        if y:
            break
    for x in xs:
        y = load(x)  # each
        if y:
            return y
    for x in xs:
        y = load(x)  # each
        if not y:
            continue
        return y
    for x in xs:
        for attempt in range(3):
            y = load(x)  # each
            break
        keep(y)

def tried_again():
    for attempt in range(3):
        y = load()  # once
        break
    for attempt in range(3):
        with keep():
            y = load()  # once
        break
    while True:
        try:
            y = load()  # once
            break
        except E:
            pass
    while True:
        try:
            y = load()  # once
        except E:
            continue
        else:
            return y
    while True:
        try:
            y = load()  # once
        except E:
            continue
        return y
    for attempt in range(3):
        try:
            return load()  # once
        except E:
            pass

class A:
    for x in xs:
        load(x)  # each
    def method(self):
        for x in self.xs:
            load(x)  # each

for x in xs:
    load(x)  # each
load()  # once
total = sum(load(x) for x in xs)  # each <genexpr>
"""


def function_at(line, inner):
    """The name of the function that has the line, as a call path has it; ``inner``: of one within."""
    found, waiting = "", [compile(LINES, "app.py", "exec")]
    while waiting:
        code = waiting.pop(0)
        if line in {number for _, _, number in code.co_lines()} and (code.co_name not in OWN or not found):
            found = code.co_qualname.replace(".<locals>", "")
        waiting += [constant for constant in code.co_consts if hasattr(constant, "co_code")]
    return f"{found}.{inner}".removeprefix("<module>.") if inner else found


OWN = ("<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
MARKED = [
    (number, *text.partition("  # ")[2].split())
    for number, text in enumerate(LINES.splitlines(), 1)
    if "  # " in text
]


@pytest.mark.parametrize("marked_line", MARKED, ids=lambda marked_line: " ".join(map(str, marked_line)))
def test_whether_a_line_runs_once_per_round(marked_line):
    line, expected, *inner = marked_line
    frame = Frame("app.py", line, function_at(line, "".join(inner)))
    source = parse(LINES.encode())
    assert source.fits(frame)
    assert source.is_loop(frame) is (expected == "each"), LINES.splitlines()[line - 1]


WRAPPERS = {
    "plain": (
        "traced.wrapper",
        """
        def traced(function):
            def wrapper(*args):
                return function(*args)  # here
            return wrapper
        """,
    ),
    "async": (
        "traced.wrapper",
        """
        def traced(function):
            @functools.wraps(function)
            async def wrapper(*args, **options):
                started = now()
                try:
                    return await function(*args, **options)  # here
                finally:
                    report(started)
            return wrapper
        """,
    ),
    "with arguments": (
        "retried.decorate.wrapper",
        """
        def retried(times):
            def decorate(function):
                @wraps(function)
                def wrapper(*args):
                    for _ in range(times):
                        result = function(*args)  # here
                    return result
                return wrapper
            return decorate
        """,
    ),
    "returned through a cast": (
        "traced.wrapper",
        """
        def traced(function):
            def wrapper(*args):
                return function(*args)  # here
            return cast(T, wrapper)
        """,
    ),
    "handed to an executor": (
        "in_thread.wrapper",
        """
        def in_thread(function):
            async def wrapper(*args):
                return await loop.run_in_executor(None, function, *args)  # here
            return wrapper
        """,
    ),
    "in a function of the wrapper's own": (
        "traced.wrapper.attempt",
        """
        def traced(function):
            def wrapper(*args):
                def attempt():
                    return function(*args)  # here
                return attempt()
            return wrapper
        """,
    ),
    "generator": (
        "traced.wrapper",
        """
        def traced(function):
            def wrapper(*args):
                yield from function(*args)  # here
            return wrapper
        """,
    ),
    "class with __call__": (
        "Traced.__call__",
        """
        class Traced:
            def __init__(self, function, name=None):
                self.function = function
            def __call__(self, *args):
                return self.function(*args)  # here
        """,
    ),
    "class with an async __call__": (
        "Traced.__call__",
        """
        class Traced:
            def __init__(self, function):
                self._function = function
            async def __call__(self, *args):
                return await self._function(*args)  # here
        """,
    ),
    "class with arguments": (
        "Traced.__call__.wrapper",
        """
        class Traced:
            def __init__(self, name):
                self.name = name
            def __call__(self, function):
                def wrapper(*args):
                    return function(*args)  # here
                return wrapper
        """,
    ),
    "method": (
        "Registry.traced.wrapper",
        """
        class Registry:
            def traced(self, function):
                def wrapper(*args):
                    return function(*args)  # here
                return wrapper
        """,
    ),
    "helper that is given a function": (
        "attempt",
        """
        async def attempt(function, *args):
            for _ in range(3):
                return await function(*args)  # here
        """,
    ),
    "helper that is given a coroutine": (
        "bounded",
        """
        async def bounded(coroutine):
            async with few:
                return await coroutine  # here
        """,
    ),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_lines_on_which_a_wrapper_passes_the_call_on(name):
    function, text = WRAPPERS[name]
    source, line = source_of(text)
    assert source.is_wrapper(Frame("app.py", line, function))


NO_WRAPPERS = {
    "a nested function that is used, and not returned": (
        "report.one",
        """
        async def report(fetch, leads):
            async def one(lead):
                return await fetch(lead)  # here
            return [await one(lead) for lead in leads]
        """,
    ),
    "another line of a wrapper": (
        "traced.wrapper",
        """
        def traced(function):
            def wrapper(*args):
                db.execute("INSERT")  # here
                return function(*args)
            return wrapper
        """,
    ),
    "what a decorator's argument is for": (
        "audited.decorate.wrapper",
        """
        def audited(name):
            def decorate(function):
                def wrapper(*args):
                    db.execute("INSERT", name)  # here
                    return function(*args)
                return wrapper
            return decorate
        """,
    ),
    "a method that calls what the object was made with": (
        "Client.call",
        """
        class Client:
            def __init__(self, transport):
                self.transport = transport
            def call(self):
                return self.transport("GET")  # here
        """,
    ),
    "a callback in a loop": (
        "each",
        """
        def each(items, function):
            for item in items:
                function(item)  # here
        """,
    ),
    "module": ("<module>", "function()  # here"),
}


@pytest.mark.parametrize("name", NO_WRAPPERS)
def test_lines_that_look_like_a_wrappers(name):
    function, text = NO_WRAPPERS[name]
    source, line = source_of(text)
    frame = Frame("app.py", line, function)
    assert source.fits(frame)
    assert not source.is_wrapper(frame)


FITS = """\
import os

@traced
def f(a=[g(x) for x in y]):
    h = lambda: 1
    def inner():
        return 2
    return [x for x in y]


class A:
    x = load()
    def m(self):
        return (x for x in y)
"""


@pytest.mark.parametrize(
    ("line", "function", "expected"),
    [
        (1, "<module>", True),
        (2, "<module>", False),
        (5, "f", True),
        (5, "f.<lambda>", True),
        (5, "<lambda>", True),
        (7, "f.inner", True),
        (7, "f", True),
        (8, "f", True),
        (8, "f.<listcomp>", True),
        (8, "inner", False),
        (12, "A", True),
        (12, "m", False),
        (14, "A.m", True),
        (14, "A.m.<genexpr>", True),
        (14, "f", False),
        (15, "A.m", False),
    ],
)
def test_a_frame_fits_where_its_function_is(line, function, expected):
    source = parse(FITS.encode())
    assert source.fits(Frame("app.py", line, function)) is expected
    assert bool(source.chain(line)) >= expected


def test_the_function_of_a_frame():
    source = parse(FITS.encode())
    assert source.function(Frame("app.py", 7, "f.inner")).name == "inner"
    assert source.function(Frame("app.py", 8, "f.<listcomp>")).name == "f"
    assert source.function(Frame("app.py", 14, "A.m")).name == "m"
    assert source.function(Frame("app.py", 5, "f.<lambda>")) is None
    assert source.function(Frame("app.py", 1, "<module>")) is None
    assert source.function(Frame("app.py", 12, "A")) is None
    assert source.function(Frame("app.py", 99, "f")) is None


def test_the_statements_around_a_line_are_those_of_its_own_function():
    text = """\
    def f():
        for x in xs:
            with a:
                retry(lambda: load(x)); more()
                def g():
                    pass
    """
    source = parse(textwrap.dedent(text).encode())

    def kinds(line, function):
        return [type(node).__name__ for node in source.around(Frame("app.py", line, function))]

    assert kinds(4, "f") == ["For", "With", "Expr"]
    assert kinds(4, "f.<lambda>") == []
    assert kinds(5, "f") == ["For", "With", "FunctionDef"]
    assert kinds(6, "f.g") == ["Pass"]
    assert kinds(9, "f") == []


def test_of_two_statements_on_a_line_the_first_counts():
    source = parse(b"a = load(); b = 2\n")
    assert [ast.unparse(node) for node in source.chain(1)] == ["a = load()"]


def test_functions_by_their_names():
    source = parse(
        b"def f():\n    def g(): pass\nclass A:\n    def f(self): pass\n    async def h(self): pass\n"
    )
    assert {name: len(found) for name, found in source.by_name.items()} == {"f": 2, "g": 1, "h": 1}


def test_a_long_file_is_walked_once(monkeypatch):
    text = "".join(f"def f{n}(xs):\n    for x in xs:\n        load(x)\n\n\n" for n in range(2_000))
    walked = []
    children = ast.iter_child_nodes
    monkeypatch.setattr(parsed.ast, "iter_child_nodes", lambda node: walked.append(node) or children(node))
    source = parse(text.encode())
    nodes = len(walked)
    monkeypatch.undo()
    assert nodes == sum(1 for _ in ast.walk(source.tree))
    monkeypatch.setattr(parsed.ast, "iter_child_nodes", lambda node: walked.append(node) or children(node))
    assert all(source.is_loop(Frame("app.py", 5 * n + 3, f"f{n}")) for n in range(2_000))
    assert len(walked) == nodes
