import textwrap

import pytest

from perfkit.rules.effects import MAX_REACHED, effects, is_locked
from perfkit.rules.parsed import parse


def effects_of(text, name="f"):
    source = parse(textwrap.dedent(text).encode())
    found = effects(source.by_name[name][0], source)
    return " ".join(sorted(found.writes)), found.reads


WRITES = {
    "an attribute": (
        """
        async def f(self):
            self.token = await ask()
        """,
        ".token",
    ),
    "by way of a variable": (
        """
        async def f(self):
            a = await ask()
            b = a['x']
            self.token = b
        """,
        ".token",
    ),
    "in a with": (
        """
        async def f(self):
            async with ask() as a:
                self.token = a.x
        """,
        ".token",
    ),
    "in a try": (
        """
        async def f(self):
            try:
                a = await ask()
            except E:
                a = 1
            self.x = a
        """,
        ".x",
    ),
    "in an if": (
        """
        async def f(self):
            a = await ask()
            if a:
                self.expired = True
        """,
        ".expired",
    ),
    "of another's object": (
        """
        async def f(session):
            session.headers['x'] = await ask()
        """,
        "(session) .headers",
    ),
    "a global": (
        """
        async def f():
            global TOKEN
            TOKEN = await ask()
        """,
        "TOKEN",
    ),
    "in a module's dictionary": (
        """
        async def f():
            CACHE['x'] = await ask()
        """,
        "CACHE",
    ),
    "by a method of a global": (
        """
        async def f():
            TOKEN.set(await ask())
        """,
        "TOKEN",
    ),
    "in what it was given": (
        """
        async def f(found):
            found.append(await ask())
        """,
        "(found)",
    ),
    "in what it was given, by key": (
        """
        async def f(found):
            found['x'] = await ask()
        """,
        "(found)",
    ),
    "by a method that is not in the file": (
        """
        async def f(self):
            a = await ask()
            self.keep(a)
        """,
        "(self)",
    ),
    "by a method of its own": (
        """
        async def f(self):
            a = await ask()
            self.keep(a)
        def keep(self, b):
            self.kept = b
        """,
        ".kept",
    ),
    "by a function of its own": (
        """
        async def f(self):
            await g(self)
        async def g(me):
            me.x = await ask()
        """,
        "(me) .x",
    ),
    "nothing: a counter": (
        """
        async def f(self):
            self.calls += 1
            return await ask()
        """,
        "",
    ),
    "nothing: a session made when it is needed": (
        """
        async def f(self):
            if self.session is None:
                self.session = new()
            return await self.session.get()
        """,
        "",
    ),
    "nothing: variables": (
        """
        async def f(a):
            a = await ask()
            b = a
            return b
        """,
        "",
    ),
    "nothing: another value by then": (
        """
        async def f(self):
            a = await ask()
            a = 1
            self.x = a
        """,
        "",
    ),
    "nothing: a method that only looks": (
        """
        async def f(self):
            a = await ask()
            self.check(a)
        def check(self, b):
            if b.bad: raise E
        """,
        "",
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_an_answer_leaves_behind(name):
    text, expected = WRITES[name]
    assert effects_of(text)[0] == expected


def test_what_is_taken():
    text = """
    async def f(self, given, unused):
        local = self.token
        return await self.g(local, given, TOKEN)
    async def g(self, *args):
        return self.base
    def other(self):
        return self.other
    """
    writes, reads = effects_of(text)
    assert writes == ""
    assert {".token", ".base", "TOKEN", "(given)", "(self)"} <= reads
    assert not {".other", "local", "given", "(unused)"} & reads


def test_functions_that_call_each_other_come_to_an_end():
    text = "async def f(self):\n    await g(self)\nasync def g(self):\n    self.x = await f(self)\n"
    assert effects_of(text)[0] == ".x"


def test_too_many_functions_are_not_followed():
    text = "".join(f"def f{n}():\n    return f{n + 1}()\n" for n in range(MAX_REACHED + 1))
    source = parse(text.encode())
    assert effects(source.by_name["f0"][0], source) is None
    assert effects(source.by_name["f2"][0], source) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("async with lock: pass", True),
        ("async with self._write_lock: pass", True),
        ("with Lock(): pass", True),
        ("async with locks[name].mutex: pass", True),
        ("async with few: pass", False),
        ("async with session.get(url) as lock: pass", False),
        ("lock()", False),
    ],
)
def test_locks_go_by_their_names(text, expected):
    source = parse(f"async def f():\n    {text}\n".encode())
    assert is_locked((source.tree.body[0].body[0],)) is expected
