"""Tables against a plain list of dicts: whatever was written, filters and orders see it right away."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from perfkit.worlds.bitrix24 import fields as f
from perfkit.worlds.bitrix24.fields import Constant, Field, Stamp
from perfkit.worlds.bitrix24.filters import Either, parse_filter
from perfkit.worlds.bitrix24.tables import Table

pytestmark = pytest.mark.once


WHO = Stamp(1_767_225_600.0)
COLOURS = ("red", "green", "", None)


def make_table(size=12):
    return Table(
        [
            Field("ID", f.INTEGER, lambda p: p + 1, indexed=True, read_only=True),
            Field("NAME", f.TEXT, lambda p: f"row {p % 5}"),
            Field("COLOUR", f.STATUS, lambda p: COLOURS[p % 4], indexed=True),
            Field("WEIGHT", f.INTEGER, lambda p: p % 3 or None, indexed=True),
            Field("TAGS", f.NUMBERS, lambda p: tuple(range(p % 3)), indexed=True),
            Field("NOTE", f.TEXT, Constant(), fresh=lambda stamp: f"new {stamp.number}"),
            Field("HEAVY", f.CHAR, lambda p: "Y" if p % 3 == 2 else "N", indexed=True,
                  derived=lambda row: "Y" if (row["WEIGHT"] or 0) > 1 else "N"),
        ],
        size,
    )  # fmt: skip


def plain_rows(table):
    """The rows as a list of dicts, read one by one."""
    return [table.row(position) for position in range(table.size) if position not in table.deleted]


def meets(row, raw):
    """A plain reading of a filter with ``=``, ``!``, ``>``, ``%`` and lists."""
    return all(_meets(row[key.lstrip("!>%@")], key, value) for key, value in raw.items())


def _meets(held, key, value):
    if key.startswith(">"):
        return held is not None and held > value
    if key.startswith("%"):
        return held is not None and value.lower() in held.lower()
    wanted = [None if one == "" else one for one in (value if isinstance(value, list) else [value])]
    if isinstance(held, tuple):
        found = any(one in wanted for one in held) if held else None in wanted
    else:
        found = (None if held == "" else held) in wanted
    return found is not key.startswith("!")


colours = st.sampled_from(["red", "green", "blue", ""])
weights = st.sampled_from([0, 1, 2, 3, ""])
filters = st.fixed_dictionaries(
    {},
    optional={
        "ID": st.integers(0, 16) | st.lists(st.integers(0, 16), min_size=1, max_size=3),
        ">ID": st.integers(0, 16),
        "COLOUR": colours | st.lists(colours, min_size=1, max_size=3),
        "!COLOUR": colours,
        "WEIGHT": weights,
        ">WEIGHT": st.integers(0, 2),
        "TAGS": st.integers(0, 2) | st.lists(st.sampled_from([0, 1, ""]), min_size=1, max_size=2),
        "!TAGS": st.integers(0, 1),
        "%NAME": st.sampled_from(["ROW", "1", "x"]),
        "HEAVY": st.sampled_from(["Y", "N"]),
    },
)
orders = st.lists(
    st.tuples(st.sampled_from(["ID", "COLOUR", "WEIGHT", "NAME", "NOTE"]), st.booleans()),
    max_size=2, unique_by=lambda pair: pair[0],
).map(tuple)  # fmt: skip
writes = st.fixed_dictionaries(
    {}, optional={"NAME": st.sampled_from(["x", "row 1", ""]), "COLOUR": colours, "WEIGHT": weights,
                  "TAGS": st.lists(st.integers(0, 2), max_size=2)},
)  # fmt: skip


class Writing(RuleBasedStateMachine):
    """Writes to a table and to a list of dicts, with questions in between."""

    @initialize(size=st.integers(0, 12))
    def start(self, size):
        self.table = make_table(size)
        self.rows = {row["ID"]: row for row in plain_rows(self.table)}
        self.used = set(self.rows)

    def _written(self, row, values):
        kinds = {name: self.table.fields[name].kind for name in values}
        row |= {name: kinds[name].stored(value) for name, value in values.items()}
        row["HEAVY"] = "Y" if (row["WEIGHT"] or 0) > 1 else "N"

    @rule(values=writes)
    def add(self, values):
        number = self.table.add(values, WHO)
        assert number not in self.used
        self.used.add(number)
        row = {"ID": number, "NAME": None, "COLOUR": None, "WEIGHT": None, "TAGS": None}
        self.rows[number] = {**row, "NOTE": f"new {number}"}
        self._written(self.rows[number], values)

    @rule(number=st.integers(0, 20), values=writes)
    def update(self, number, values):
        assert self.table.update(number, values, WHO) is (number in self.rows)
        if number in self.rows:
            self._written(self.rows[number], values)

    @rule(number=st.integers(0, 20))
    def delete(self, number):
        assert self.table.delete(number) is (self.rows.pop(number, None) is not None)

    @rule(raw=filters, other=filters, order=orders)
    def find(self, raw, other, order):
        conditions, dropped = parse_filter(raw, self.table.fields)
        assert dropped == ()
        right = [row for row in self.rows.values() if meets(row, raw)]
        assert self._found(conditions, order) == self._sorted(right, order)
        alternatives = Either((conditions, parse_filter(other, self.table.fields)[0]))
        right = [row for row in self.rows.values() if meets(row, raw) or meets(row, other)]
        assert self._found((alternatives,), order) == self._sorted(right, order)

    def _found(self, conditions, order):
        return [self.table.ids[position] for position in self.table.find(conditions, order)]

    def _sorted(self, rows, order):
        rows = sorted(rows, key=lambda row: row["ID"])
        for name, descends in reversed(order):
            rows.sort(key=lambda row: (row[name] is not None, row[name]), reverse=descends)
        return [row["ID"] for row in rows]

    @invariant()
    def the_rows_are_those_of_the_list(self):
        assert plain_rows(self.table) == list(self.rows.values())


TestWriting = pytest.mark.once(Writing.TestCase)
TestWriting.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_a_row_with_several_of_the_values_is_found_once():
    table = make_table()
    wanted, _ = parse_filter({"TAGS": [0, 1]}, table.fields)
    assert list(table.find(wanted, ())) == [1, 2, 4, 5, 7, 8, 10, 11]
    none, _ = parse_filter({"TAGS": ""}, table.fields)
    assert list(table.find(none, ())) == [0, 3, 6, 9]


def test_a_table_without_generated_rows_counts_from_one():
    table = make_table(0)
    assert [table.add({}, WHO), table.add({}, WHO)] == [1, 2]
    assert table.delete(2)
    assert table.add({}, WHO) == 3
    assert [table.lookup(number) for number in (1, 2, 3, 4)] == [0, None, 2, None]


def test_having_finds_what_a_filter_finds():
    table = make_table()
    for identity, tags in ((3, [1, 7]), (5, [])):
        table.having("TAGS", 7)  # from the index, which is there now and has to follow
        table.update(identity, {"TAGS": tags, "COLOUR": "blue"}, WHO)
    table.delete(6)
    for name, values in {"COLOUR": ["red", "blue", "no"], "TAGS": [0, 1, 7, 8]}.items():
        for value in values:
            same = [n for n in range(table.size) if n not in table.deleted and _has(table, n, name, value)]
            assert list(table.having(name, value)) == same


def _has(table, position, name, value):
    held = table.row(position)[name]
    return value in held if isinstance(held, tuple) else held == value
