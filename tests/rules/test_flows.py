import ast

import pytest

from perfkit.rules.flows import awaits, flow, free, leaves, variables

FLOWS = {
    "y = f(x)": ("f x", "y", "y"),
    "x = x + 1": ("x", "x", "x"),
    "a = 1; b = a": ("", "a b", "a b"),
    "b = a; a = 1": ("a", "a b", "a b"),
    "a, (b, *c) = d": ("d", "a b c", "a b c"),
    "a: int = b": ("b", "a", "a"),
    "a: int": ("", "", ""),
    "total += n": ("n", "", "total"),
    "a.b = c": ("c", "", ".b a"),
    "self.b = c": ("c", "", ".b"),
    "cls.b = c": ("c", "", ".b"),
    "self.b.c[d] = e": ("d e", "", ".b .c"),
    "a[b] = c": ("b c", "", "a"),
    "a[b] += c": ("b c", "", "a"),
    "a.b += 1": ("", "", ".b a"),
    "x = a.b.c": (".b .c a", "x", "x"),
    "x = a[b]": ("a b", "x", "x"),
    "found.append(x)": ("x", "", "found x"),
    "self.found.append(x)": ("x", "", ".found self x"),
    "self.keep(x)": ("x", "", "self x"),
    "a.b(c).d(e)": ("c e", "", ".b a e"),
    "f(x)": ("f x", "", "x"),
    "f(*x, y=z)": ("f x z", "", "z"),
    "y = found.pop()": (".pop found", "y", "y"),
    "await f(x)": ("f x", "", ""),
    "(y := f(x))": ("f x", "y", "y"),
    "[x for x in xs if y]": ("xs y", "", ""),
    "[x for x in x]": ("x", "", ""),
    "{k: v(k) for k, v in a for k in v}": ("a", "", ""),
    "(x for xs in xss for x in xs)": ("xss", "", ""),
    "f(lambda x, *y, z=1: x + y + z + a)": ("a f", "", ""),
    "import a.b, c as d": ("", "a d", "a d"),
    "from a import b as c": ("", "c", "c"),
    "for x in xs:\n    y = x": ("xs", "", "x y"),
    "for x in xs:\n    pass\nelse:\n    y = x": ("x xs", "y", "x y"),
    "while a:\n    b = a": ("a", "", "b"),
    "if a:\n    b = 1\nelse:\n    b = 2": ("a", "b", "b"),
    "if a:\n    b = 1\nc = b": ("a b", "c", "b c"),
    "if a:\n    b = 1\nelse:\n    return\nc = b": ("a", "b c", "b c"),
    "if a:\n    return\nelse:\n    raise b": ("a b", "", ""),
    "with a as b:\n    c = b": ("a", "b c", "b c"),
    "with a, b(c) as d.e:\n    pass": ("a b c", "", ".e d"),
    "try:\n    a = f()\nexcept E as e:\n    a = e\nfinally:\n    g(a)": ("E f g", "a", "a e"),
    "try:\n    a = f()\nexcept E:\n    pass\nb = a": ("E a f", "b", "a b"),
    "try:\n    a = f()\nexcept E:\n    raise\nb = a": ("E f", "a b", "a b"),
    "try:\n    a = f()\nexcept* E:\n    raise\n": ("E f", "a", "a"),
    "match a:\n    case {'b': b, **c}:\n        d = b\n    case [*e, f] if g:\n        d = f": (
        "a g",
        "",
        "b c d e f",
    ),
    "match a:\n    case 1:\n        b = 1\n    case _:\n        b = 2": ("a", "b", "b"),
    "match a:\n    case B(c=int(d)) as e:\n        pass": ("B a int", "", "d e"),
    "@deco(a)\ndef f(b=c, *, d=e):\n    return g": ("a c deco e", "f", "f"),
    "async def f():\n    return g": ("", "f", "f"),
    "class A(B):\n    c = d": ("B", "A", "A"),
    "del a": ("a", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("code", FLOWS)
def test_what_is_read_and_changed(code):
    reads, sets, changes = FLOWS[code]
    tree = (
        ast.parse(f"async def f():\n    {code}".replace("\n", "\n    "))
        if "await" in code
        else ast.parse(code)
    )
    body = tree.body[0].body if "await" in code else tree.body
    found = flow(body)
    assert " ".join(sorted(found.reads)) == reads
    assert " ".join(sorted(found.sets)) == sets
    assert " ".join(sorted(found.changes)) == changes


ALL = (ast.Return, ast.Raise, ast.Break, ast.Continue)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 1", False),
        ("return", True),
        ("if x: return", True),
        ("if x: pass\nelse: raise E", True),
        ("if x: continue", True),
        ("with a:\n  if b: break", True),
        ("for x in y: break", False),
        ("for x in y: continue", False),
        ("while x:\n  if y: return", True),
        ("for x in y: pass\nelse: raise E", True),
        ("def f(): return", False),
        ("x = lambda: (yield)", False),
        ("class A:\n  def f(self): return", False),
        ("try: x = 1\nexcept E: raise", False),
        ("try: x = 1\nexcept E as e: raise F from e", False),
        ("try: x = 1\nexcept E: return", True),
        ("try: x = 1\nexcept E: continue", True),
        ("try: x = 1\nexcept E:\n  for x in y: break", False),
        ("match x:\n  case 1: return", True),
        ("assert x", False),
    ],
)
def test_what_leaves_its_block(code, expected):
    assert leaves(ast.parse(code).body[0], ALL) is expected


def test_only_the_kinds_that_are_asked_for():
    (statement,) = ast.parse("if x: continue").body
    assert leaves(statement, (ast.Continue,))
    assert not leaves(statement, (ast.Return, ast.Break))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("await x", True),
        ("y = f(await x)", True),
        ("async with x: pass", True),
        ("async for y in x: pass", True),
        ("y = [z async for z in x]", True),
        ("if x:\n  with y:\n    await z", True),
        ("y = x", False),
        ("def f(): pass", False),
        ("async def f(): await x", False),
        ("y = lambda: [z async for z in x]", False),
    ],
)
def test_what_waits(code, expected):
    tree = ast.parse("async def g():\n    " + code.replace("\n", "\n    "))
    assert awaits(tree.body[0].body[0]) is expected


def test_the_variables_of_a_function_and_what_it_takes_from_around():
    code = """
def f(a, /, b, *c, d=1, **e):
    global g
    nonlocal h
    g = h = i = j
    try:
        k = a
    except E as error:
        pass
    def l(): m = n
    return o.p
"""
    (function,) = ast.parse(code.replace("nonlocal", "global")).body
    assert sorted(variables(function)) == ["a", "b", "c", "d", "e", "error", "i", "k", "l"]
    assert sorted(free(function)) == [".p", "E", "j", "o"]
