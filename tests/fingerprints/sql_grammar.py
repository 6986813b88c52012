"""Statements with holes, and every way to write them down that must not change their template."""

from itertools import pairwise

from hypothesis import strategies as st


class Hole:
    """A value goes here; ``kind``: "one", "in" (a list), "array", "rows"; ``width``: values in each entry."""

    def __init__(self, kind="one", width=1):
        self.kind, self.width = kind, width

    def __eq__(self, other):
        return isinstance(other, Hole) and vars(self) == vars(other)

    def __hash__(self):
        return hash((self.kind, self.width))

    def __repr__(self):
        return f"<{self.kind} {self.width}>"


class Name(str):
    """A name, whose case and spelling count; anything else in a statement is a keyword or a mark."""

    __slots__ = ()


ONE = Hole()
NAMES = [
    "users",
    "Users",
    "u",
    "orders_2024_01",
    "orders_2024_02",
    "tenant_17_orders",
    "public.users",
    "größe",
]
NAMES += [
    '"users"',
    '"auth_user"."id"',
    "`order`",
    "[line items]",
    "date",
    "key",
    "count_1",
    "__x",
    "start",
    "index",
    "comment",
    "Commit",
]
OPERATORS = [
    "=",
    "<>",
    "!=",
    "<",
    ">=",
    "LIKE",
    "ILIKE",
    "||",
    "->>",
    "@>",
    "~*",
    "IS DISTINCT FROM",
    "+",
    "-",
    "%%",
]

names = st.sampled_from(NAMES).map(Name)
operators = st.sampled_from(OPERATORS).map(str.split)
entry_widths = st.integers(1, 3)


def joined(parts, mark):
    """Lists of tokens with ``mark`` between them."""
    return [token for number, part in enumerate(parts) for token in ([mark] if number else []) + list(part)]


def listed(parts, least=1, most=3, mark=","):
    return st.lists(parts, min_size=least, max_size=most).map(lambda found: joined(found, mark))


def call(name, arguments):
    return [Name(name), "(", *arguments, ")"]


operands = st.one_of(
    st.just([ONE]),
    names.map(lambda name: [name]),
    st.just([ONE, "::", Name("int")]),
    st.just(["CAST", "(", ONE, "AS", Name("text"), ")"]),
    st.just(["INTERVAL", ONE]),
    st.just(["ARRAY", "[", Hole("array"), "]"]),
    listed(st.just([ONE]), most=4).map(lambda found: call("coalesce", found)),
    names.map(lambda name: call("lower", [name])),
    names.map(lambda name: ["CASE", "WHEN", name, "=", ONE, "THEN", ONE, "ELSE", name, "END"]),
)
conditions = st.one_of(
    st.tuples(operands, operators, operands).map(lambda found: [*found[0], *found[1], *found[2]]),
    names.map(lambda name: [name, "IS", "NULL"]),
    names.map(lambda name: [name, "IS", "NOT", "NULL"]),
    names.map(lambda name: [name, "IS", "TRUE"]),
    names.map(lambda name: [name, "BETWEEN", ONE, "AND", ONE]),
    names.map(lambda name: [name, "=", "ANY", "(", ONE, ")"]),
    st.tuples(names, st.sampled_from([["IN"], ["NOT", "IN"]]), entry_widths).map(
        lambda found: [found[0], *found[1], "(", Hole("in", found[2]), ")"]
    ),
    st.tuples(names, names).map(
        lambda found: [found[0], "IN", "(", "SELECT", found[1], "FROM", found[1], ")"]
    ),
)
wheres = st.one_of(listed(conditions, mark="AND"), listed(conditions, mark="OR")).map(
    lambda found: ["WHERE", *found]
)
nothing = st.just([])
orders = st.tuples(names, st.sampled_from([[], ["ASC"], ["DESC"], ["DESC", "NULLS", "LAST"]])).map(
    lambda found: ["ORDER", "BY", found[0], *found[1]]
)
joins = st.tuples(st.sampled_from([["JOIN"], ["LEFT", "JOIN"]]), names, conditions).map(
    lambda found: [*found[0], found[1], "ON", *found[2]]
)


@st.composite
def selects(draw):
    return [
        *["SELECT", *draw(st.sampled_from([[], ["DISTINCT"]]))],
        *draw(st.one_of(listed(operands), st.just(["*"]))),
        *["FROM", *draw(listed(names.map(lambda name: [name]), most=2))],
        *draw(st.one_of(nothing, joins)),
        *draw(st.one_of(nothing, wheres)),
        *draw(st.one_of(nothing, orders)),
        *draw(st.sampled_from([[], ["LIMIT", ONE], ["LIMIT", ONE, "OFFSET", ONE]])),
        *draw(st.sampled_from([[], ["FOR", "UPDATE"]])),
    ]


@st.composite
def inserts(draw):
    columns = draw(st.lists(names, min_size=1, max_size=3))
    return [
        *["INSERT", "INTO", draw(names), "(", *joined([[name] for name in columns], ","), ")"],
        *["VALUES", Hole("rows", len(columns))],
        *draw(st.sampled_from([[], ["ON", "CONFLICT", "DO", "NOTHING"], ["RETURNING", Name("id")]])),
    ]


@st.composite
def writes(draw):
    sets = draw(listed(names.map(lambda name: [name, "=", ONE])))
    start = draw(st.sampled_from([["DELETE", "FROM"], ["UPDATE"]]))
    middle = ["SET", *sets] if start == ["UPDATE"] else []
    return [*start, draw(names), *middle, *draw(st.one_of(nothing, wheres))]


statements = st.one_of(
    selects(),
    inserts(),
    writes(),
    st.tuples(names, selects(), selects()).map(
        lambda found: ["WITH", found[0], "AS", "(", *found[1], ")", *found[2]]
    ),
)


def plainly_quoted(text):
    return "'" + text.replace("'", "''") + "'"


def backslash_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def dollar_quoted(text):
    return f"$tag${text}$tag$" if "$tag" not in f"{text}$" else "$$none$$"


any_text = st.one_of(
    st.text(max_size=12),
    st.text("'\\\"$-/*#`;()?% ax\n", max_size=12),
    st.sampled_from(
        ["it's", "-- no comment", "/* none", "*/", "$$", "C:\\", "\\'", "'' OR 1=1", "), (", "NULL"]
    ),
)
numbers = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["1e5", "1E-10", ".5", "1_000", "0xFF", "0b1", "- 7", "+3", "5."]),
)
placeholders = st.sampled_from(["?", "?1", "$1", "$name", "%s", "%(name)s", ":name", "@p1", "%b"])
others = st.sampled_from(["X'ff'", "N'abc'", "B'01'", "U&'\\0041'", "TRUE", "false"])
without_backslash = any_text.filter(lambda text: "\\" not in text)
# with backslashes and comments, a text may make sense in two dialects, and is masked to the end
without_comments = any_text.filter(lambda text: not set("#-/") & set(text))


def standard(texts):
    return st.one_of(
        *[numbers, placeholders, others, texts.map(plainly_quoted), texts.map(dollar_quoted)],
        texts.map(lambda text: "E" + backslash_quoted(text)),
    )


literals_of_dialects = [
    standard(without_backslash),
    standard(without_comments),
    st.one_of(numbers, st.sampled_from(["?", "%s", "TRUE", "X'00'"]), without_comments.map(backslash_quoted)),
]
spaces = st.sampled_from(
    [" ", "  ", "\n", "\t", " \r\n", " /* it's */ ", "/**/", " /*+ hint */ ", " -- don't\n", ' # "no\n']
)
TIGHT = frozenset("(),")


@st.composite
def written(draw, statement, literals):
    """The statement as text: any case of keywords, any space, any literals, lists of any length."""
    pieces = []
    for token in statement:
        if isinstance(token, Hole):
            pieces += filled(draw, token, literals)
        elif isinstance(token, Name):
            pieces.append(token)
        else:
            pieces.append(draw(st.sampled_from([token.upper(), token.lower(), token.capitalize()])))
    text = pieces[0]
    for before, piece in pairwise(pieces):
        may_touch = before in TIGHT or piece in TIGHT or "::" in (before, piece) or before == "["
        text += (draw(st.one_of(st.just(""), spaces)) if may_touch else draw(spaces)) + piece
    return text + draw(st.sampled_from(["", " ", ";", " ; ", " -- end", "/* end */"]))


def filled(draw, hole, literals):
    if hole.kind == "one":
        return [draw(literals)]
    count = draw(st.integers(1, 4))
    entries = [[draw(literals) for _ in range(hole.width)] for _ in range(count)]
    if hole.kind == "rows" or hole.width > 1:
        entries = [["(", *joined([[value] for value in entry], ","), ")"] for entry in entries]
    return joined(entries, ",")
