"""Which awaits need which: in programs whose calls are marked, ``# call`` or ``# call by NAME``."""

import textwrap

import pytest

from perfkit.model import Frame
from perfkit.rules.dependencies import Dependencies
from perfkit.rules.sources import Sources

MARK = "# call"


def calls_of(text):
    """The lines of ``f`` on which calls are made, with the frames that lie between."""
    lines = text.splitlines()
    calls = {}
    for number, line in enumerate(lines, 1):
        _, mark, by = line.partition(MARK)
        if mark and not by.endswith("inside"):
            name = by.removeprefix(" by ").strip()
            inner = [n for n, other in enumerate(lines, 1) if name and other.endswith(f"inside {name}")]
            calls[number] = tuple(Frame("app.py", n, name) for n in inner)
    return calls


def asked(tmp_path, text, known=()):
    """Dependencies in the program, its frame in ``f`` and its calls."""
    text = textwrap.dedent(text).strip("\n") + "\n"
    (tmp_path / "app.py").write_text(text)
    calls = calls_of(text)
    lines = frozenset(
        ("app.py", n) for n, line in enumerate(text.splitlines(), 1) if line.endswith("# known")
    )
    return Dependencies(Sources(str(tmp_path)), lines), Frame("app.py", min(calls), "f"), calls


def levels(tmp_path, text):
    """Of each block the parts, each with its awaits' levels: ``0 0 | 0 1``."""
    dependencies, frame, calls = asked(tmp_path, text)
    found = []
    for waits in dependencies.blocks(frame, calls):
        parts = sorted({wait.part for wait in waits})
        found.append(
            " | ".join(
                " ".join("x" if w.locked else str(w.level) for w in waits if w.part == part) for part in parts
            )
        )
    return found


BLOCKS = {
    "independent": (
        """
        async def f(a):
            b = await get(a)  # call
            c = await get(a)  # call
            return b, c, await get(1)  # call
        """,
        ["0 0 0"],
    ),
    "a chain": (
        """
        async def f(a):
            b = await get(a)  # call
            c = await get(b)  # call
            d = await get(c.x)  # call
        """,
        ["0 1 2"],
    ),
    "by way of other variables": (
        """
        async def f(a):
            b = await get(a)  # call
            keys = [row.id for row in b]
            params = {"keys": keys}
            c = await get(params)  # call
            d = await get(a)  # call
        """,
        ["0 1 0"],
    ),
    "a name that is used again": (
        """
        async def f(a):
            r = await get(1)  # call
            b = r.x
            r = await get(2)  # call
            c = r.x
            r = await get(3)  # call
        """,
        ["0 0 0"],
    ),
    "a name that may still have the answer": (
        """
        async def f(a):
            r = await get(1)  # call
            if a:
                r = None
            b = await get(r)  # call
        """,
        ["0 1"],
    ),
    "results that are collected": (
        """
        async def f(found):
            found.append(await get(1))  # call
            found["x"] = await get(2)  # call
            found.y = await get(3)  # call
            found += await get(4)  # call
        """,
        ["0 0 0 0"],
    ),
    "a collection that is used": (
        """
        async def f(found):
            found.append(await get(1))  # call
            await get(found)  # call
        """,
        ["0 1"],
    ),
    "with blocks": (
        """
        async def f(session):
            async with session.get(1) as r:  # call
                a = await r.json()
            async with session.get(2) as r:  # call
                b = await r.json()
            async with session.get(a) as r:  # call
                c = await r.json()
        """,
        ["0 0 1"],
    ),
    "all in one with": (
        """
        async def f():
            async with session() as s:
                await s.get(1)  # call
                await s.get(2)  # call
        """,
        ["0 0"],
    ),
    "several awaits in a statement": (
        """
        async def f():
            a, b = await get(1), await get(2)  # call
            return {
                "c": await get(3),  # call
                "d": await get(a),  # call
            }
        """,
        ["0 0 0 1"],
    ),
    "awaits within each other": (
        """
        async def f():
            a = await get(await get(1))  # call
            b = await get(2)  # call
        """,
        ["0 0"],
    ),
    "and, or, if": (
        """
        async def f():
            a = await get(1)  # call
            b = a and await get(2)  # call
            c = await get(3) if a else 0  # call
            d = await get(4)  # call
        """,
        ["0 1 1 0"],
    ),
    "a guard that returns": (
        """
        async def f():
            a = await get(1)  # call
            if not a:
                return None
            b = await get(2)  # call
            c = await get(3)  # call
        """,
        ["0 1 1"],
    ),
    "a guard that raises": (
        """
        async def f():
            a = await get(1)  # call
            if a.status != 200:
                raise E
            b = await get(2)  # call
        """,
        ["0 1"],
    ),
    "a guard within the with": (
        """
        async def f():
            async with get(1) as a:  # call
                if a.status != 200:
                    return None
            b = await get(2)  # call
        """,
        ["0 1"],
    ),
    "errors that are passed on": (
        """
        async def f():
            a = await get(1)  # call
            a.raise_for_status()
            try:
                b = await get(2)  # call
            except E as error:
                raise F from error
            c = await get(3)  # call
        """,
        ["0 0 0"],
    ),
    "errors that decide": (
        """
        async def f():
            try:
                a = await get(1)  # call
            except E:
                return None
            b = await get(2)  # call
        """,
        ["0 1"],
    ),
    "errors that are made up for": (
        """
        async def f():
            try:
                a = await get(1)  # call
            except E:
                a = None
            b = await get(2)  # call
        """,
        ["0 0"],
    ),
    "a second try": (
        """
        async def f():
            try:
                a = await get(1)  # call
            except E:
                a = await get(2)  # call
        """,
        [],
    ),
    "branches that need nothing": (
        """
        async def f(a):
            if a:
                b = await get(1)  # call
            if not a:
                return 1
            match a:
                case 2:
                    c = await get(2)  # call
        """,
        ["0 0"],
    ),
    "a block within": (
        """
        async def f(a):
            for b in a:
                c = await get(1)  # call
                d = await get(c)  # call
        """,
        ["0 1"],
    ),
    "attributes": (
        """
        async def f(self):
            self.a = await get(1)  # call
            self.b = await get(2)  # call
            self.c = await get(self.a.x)  # call
        """,
        ["0 0 1"],
    ),
    "what the session was given": (
        """
        async def f(session):
            a = await session.get(1)  # call
            session.headers["x"] = a
            b = await session.get(2)  # call
        """,
        ["0 1"],
    ),
    "what was given to the session by a call": (
        """
        async def f(session):
            a = await session.get(1)  # call
            session.headers.update(x=a)
            b = await session.get(2)  # call
        """,
        ["0 1"],
    ),
    "what was given to both by a function": (
        """
        async def f(session):
            a = await get(session)  # call
            sign(session, a)
            b = await get(session)  # call
        """,
        ["0 1"],
    ),
    "what was given by awaiting": (
        """
        async def f(session):
            a = await session.get(1)  # call
            await session.sign(a)
            b = await session.get(2)  # call
        """,
        ["0 1"],
    ),
    "a function within that reads it": (
        """
        async def f(session):
            def url():
                return token
            async def get():
                return await session.get(url())
            token = await session.get(1)  # call
            b = await get()  # call
        """,
        ["0 1"],
    ),
    "a global": (
        """
        async def f():
            global TOKEN
            TOKEN = await get(1)  # call
            b = await other()  # call by other
        async def other():
            return await get(TOKEN)  # inside other
        """,
        ["0 1"],
    ),
    "what a method keeps of the answer": (
        """
        class A:
            async def f(self):
                await self.login()  # call by login
                a = await self.get()  # call by get
            async def login(self):
                self.token = await ask()  # inside login
            async def get(self):
                return await ask(self.token)  # inside get
        """,
        ["0 1"],
    ),
    "what a method keeps for itself": (
        """
        class A:
            async def f(self):
                await self.users()  # call by users
                await self.orders()  # call by orders
            async def users(self):
                self.u = await ask()  # inside users
            async def orders(self):
                self.o = await ask()  # inside orders
        """,
        ["0 0"],
    ),
    "what a function fills": (
        """
        async def f(context):
            await users(context)  # call by users
            await orders(context)  # call by orders
        async def users(context):
            context["u"] = await ask()  # inside users
        async def orders(context):
            return await ask(context["u"])  # inside orders
        """,
        ["0 1"],
    ),
    "what functions only fill": (
        """
        async def f(found):
            await users(found)  # call by users
            await orders(found)  # call by orders
        async def users(found):
            found.append(await ask())  # inside users
        async def orders(found):
            found.append(await ask())  # inside orders
        """,
        ["0 0"],
    ),
    "a pause between": (
        """
        async def f():
            a = await get(1)  # call
            await asyncio.sleep(1)
            b = await get(2)  # call
        """,
        ["0 | 0"],
    ),
    "something else that was recorded between": (
        """
        async def f():
            a = await get(1)  # call
            rows = await everything()  # known
            b = await get(2)  # call
        """,
        ["0 0"],
    ),
    "what becomes of an answer between": (
        """
        async def f():
            a = await get(1)  # call
            a = await a.json()
            b = await get(2)  # call
            b = await b.json()
            c = await get(3)  # call
        """,
        ["0 0 0"],
    ),
    "a lock": (
        """
        async def f():
            a = await get(1)  # call
            async with lock:
                b = await get(2)  # call
            c = await locked()  # call by locked
        async def locked():
            async with lock:
                return await ask()  # inside locked
        """,
        ["0 x x"],
    ),
    "a walrus": (
        """
        async def f():
            if (a := await get(1)):  # call
                pass
            b = await get(a)  # call
            return (c := await get(3)), await get(c)  # call
        """,
        ["0 1 0"],
    ),
    "functions that are no coroutines": (
        """
        def f():
            a = get(1)  # call
            b = get(2)  # call
        """,
        [],
    ),
    "generators": (
        """
        async def f():
            yield await get(1)  # call
            yield await get(2)  # call
        """,
        [],
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks(tmp_path, name):
    text, expected = BLOCKS[name]
    assert levels(tmp_path, text) == expected


def test_a_function_on_the_way_that_cannot_be_read_may_do_anything(tmp_path):
    text = "async def f():\n    a = await get(1)  # call\n    b = await get(2)  # call\n"
    dependencies, frame, calls = asked(tmp_path, text)
    assert len(dependencies.blocks(frame, calls)) == 1
    missing = {line: (Frame("missing.py", 1, "get"),) for line in calls}
    assert dependencies.blocks(frame, missing) == []


FREE = {
    "for": """
        for x in xs:
            found[x] = await get(x)  # call
    """,
    "collecting": """
        for x in xs:
            found += await get(x)  # call
    """,
    "with and continue": """
        for x in xs:
            async with get(x) as r:  # call
                if r.bad:
                    continue
                found.append(await r.json())
    """,
    "errors made up for": """
        for x in xs:
            try:
                y = await get(x)  # call
            except E:
                y = 1
            found.add(y)
    """,
    "a counter": """
        n = 0
        for x in xs:
            n += 1
            await get(n)  # call
    """,
    "an end that was fixed before": """
        for x in xs:
            if x > 9:
                break
            await get(x)  # call
    """,
    "two in a row": """
        for x in xs:
            a = await get(x)  # call
            b = await get(a)  # call
    """,
    "work that is taken": """
        while work:
            x = work.pop()
            await get(x)  # call
    """,
    "comprehension": """
        return [await get(x) for x in xs]  # call
    """,
    "dict comprehension": """
        return {x: await get(x) for x in xs if x}  # call
    """,
}

NOT_FREE = {
    "the last answer is sent": """
        last = 0
        for x in xs:
            last = await get(last)  # call
    """,
    "by way of another name": """
        last = 0
        for x in xs:
            rows = await get(last)  # call
            if rows:
                last = rows[-1]
    """,
    "next links": """
        while url:
            page = await get(url)  # call
            url = page.next
    """,
    "until nothing comes": """
        while True:
            rows = await get(n)  # call
            if not rows:
                break
            n += 50
    """,
    "the first that works": """
        for x in xs:
            y = await get(x)  # call
            if y:
                return y
    """,
    "only while all is well": """
        for x in xs:
            y = await get(x)  # call
            if not y:
                raise E
    """,
    "errors that end it": """
        for x in xs:
            try:
                y = await get(x)  # call
            except E:
                break
    """,
    "what is found is visited too": """
        for x in todo:
            page = await get(x)  # call
            todo.extend(page.links)
    """,
    "what was seen is skipped": """
        for x in xs:
            if x in seen:
                continue
            page = await get(x)  # call
            seen.update(page.all)
    """,
    "a lock": """
        for x in xs:
            async with lock:
                await get(x)  # call
    """,
    "kept in the session": """
        for x in xs:
            a = await s.get(x)  # call
            s.headers['x'] = a
    """,
    "a stream": """
        async for x in xs:
            await get(x)  # call
    """,
    "a stream, as a comprehension": """
        return [await get(x) async for x in xs]  # call
    """,
}

PAUSED = {
    "a pause": """
        for x in xs:
            await get(x)  # call
            await asyncio.sleep(1)
    """,
    "work that is waited for": """
        while True:
            x = await queue.get()
            await get(x)  # call
    """,
}


def loop_of(tmp_path, body):
    text = "async def f(xs, found):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    dependencies, frame, calls = asked(tmp_path, text)
    return dependencies, (dependencies.rounds(frame) or [None])[0], frame, calls


def is_free(tmp_path, body, **options):
    dependencies, loop, frame, calls = loop_of(tmp_path, body)
    return loop is not None and dependencies.is_free(loop, frame, calls, **options)


@pytest.mark.parametrize("name", FREE)
def test_rounds_that_need_nothing_of_each_other(tmp_path, name):
    assert is_free(tmp_path, FREE[name])
    assert is_free(tmp_path, FREE[name], pauses=True)


@pytest.mark.parametrize("name", NOT_FREE)
def test_rounds_that_do(tmp_path, name):
    assert not is_free(tmp_path, NOT_FREE[name])
    assert not is_free(tmp_path, NOT_FREE[name], pauses=True)


@pytest.mark.parametrize("name", PAUSED)
def test_rounds_with_other_waits_between(tmp_path, name):
    assert not is_free(tmp_path, PAUSED[name])
    assert is_free(tmp_path, PAUSED[name], pauses=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("while True:\n    r = await get(xs)  # call\n    if r.ok:\n        return r", True),
        (
            "for n in range(3):\n    try:\n        return await get(xs)  # call\n    except E:\n        pass",
            True,
        ),
        (
            "n = 0\nwhile True:\n    r = await get(n)  # call\n    n += 50\n    if not r:\n        break",
            False,
        ),
        ("for x in xs:\n    r = await get(x)  # call\n    if r:\n        break", False),
        ("return [await get(xs) for _ in found]  # call", False),
    ],
)
def test_loops_that_try_the_same_again(tmp_path, body, expected):
    dependencies, loop, _, calls = loop_of(tmp_path, body)
    assert dependencies.asks_the_same(loop, calls) is expected


def test_the_loops_around_a_line(tmp_path):
    text = """
    async def f(xs):
        for x in xs:
            while x:
                y = [await get(z, sum(a for a in b)) for z in x]  # call
        else:
            await get(1)
    """
    dependencies, frame, _ = asked(tmp_path, text)
    assert [type(loop).__name__ for loop in dependencies.rounds(frame)] == ["ListComp", "While", "For"]
    assert [type(loop).__name__ for loop in dependencies.rounds(Frame("app.py", 3, "f"))] == ["For"]
    assert dependencies.rounds(Frame("app.py", 6, "f")) == []
    assert dependencies.rounds(Frame("missing.py", 6, "f")) == []


def test_lines_that_wait(tmp_path):
    text = """
    async def f(xs):
        a = get(1)
        b = await get(2)  # call
        c = await get(3) + await get(4)
        async with get(5) as d:
            get(6)
    """
    dependencies, _, _ = asked(tmp_path, text)
    lines = [Frame("app.py", line, "f") for line in range(2, 8)]
    assert [dependencies.is_awaited(line) for line in lines] == [False, True, True, True, False, False]
    assert [dependencies.is_one_await(line) for line in lines] == [False, True, False, False, False, False]
