import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from perfkit.report.terminal.console import Bars, Column, Writer
from tests.report.terminal.consoles import console_of

NAMES = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=60)


def written(write, **options):
    console = console_of(**options)
    result = write(Writer(console))
    return console.file.getvalue().splitlines(), result


def rows(*cells):
    return Column.of(("name", "time"), cells)


def test_figures_stand_at_the_right_of_their_column_and_texts_at_the_left():
    lines, left_out = written(lambda out: out.table(rows(("serial", "41.3 s"), ("b", "1 s"))))
    assert lines == ["name      time", "──────────────", "serial  41.3 s", "b          1 s"]
    assert left_out == ()


def test_plain_characters_where_the_encoding_has_no_others():
    table = [Column("name", ("µ → …",), text=True), Column("x\u00d7", ("≥ 3",))]
    lines, _ = written(lambda out: out.table(table, Bars("", (50.0,))), encoding="ascii", width=30)
    assert lines == ["name        xx", "-" * 23, "u -> ...  >= 3  " + "#" * 7]
    assert written(lambda out: out.line("日 · é"), encoding="latin-1")[0] == ["\\u65e5 - \\xe9"]


def test_a_text_without_room_is_folded_and_nothing_is_lost():
    lines, _ = written(lambda out: out.table(rows(("a_very_long_name_of_a_strategy", "41.3 s"))), width=22)
    assert lines[2:] == ["a_very_long_na  41.3 s", "me_of_a_strate", "gy"]


def test_a_head_gives_way_before_a_text_does():
    table = [Column("n", ("fifteen_letters",), text=True), Column("card p50 + max", ("1 s",))]
    lines, _ = written(lambda out: out.table(table), width=24)
    assert lines[-1].split() == ["fifteen_letters", "1", "s"]
    assert len(lines) > 3


def test_optional_columns_go_before_a_text_is_folded():
    table = [
        Column("name", ("batched",), text=True),
        Column("sent", ("21.9 kB",), optional=True),
        Column("received", ("54.2 kB",), optional=True),
        Column("time", ("1.06 s",)),
    ]
    lines, left_out = written(lambda out: out.table(table), width=26)
    assert lines[-1] == "batched  21.9 kB  1.06 s"
    assert left_out == ("received",)


def test_bars_take_what_room_is_left():
    def drawn(width):
        def table(out):
            return out.table(rows(("a", "4 s"), ("b", "")), Bars("log", (100.0, None)))

        return written(table, width=width)[0][2:]

    assert drawn(30) == [f"a      4 s  {'█' * 18}", "b"]
    assert drawn(17) == ["a      4 s  █████", "b"]
    assert drawn(16) == ["a      4 s", "b"]


@pytest.mark.parametrize(("share", "bar"), [(0, "▏"), (10, "▌"), (25, "█▎"), (100, "█████")])
def test_a_bar_has_eighths_and_is_never_empty(share, bar):
    lines, _ = written(lambda out: out.table(rows(("a", "4 s")), Bars("", (share,))), width=17)
    assert lines[2].split()[-1] == bar


def test_wide_characters_take_two_columns():
    lines, _ = written(lambda out: out.table(rows(("日本語", "1 s"), ("ab", "2 s"))))
    assert [cell_len(line) for line in lines[2:]] == [12, 12]


def test_lines_hang_behind_their_label():
    lines, _ = written(lambda out: out.line("one two three", label="cause: "), width=16)
    assert lines == ["cause: one two", "       three"]
    assert written(lambda out: out.line("one two", label="a long label: "), width=16)[0] == [
        "a long label:",
        "one two",
    ]


def test_a_figure_stays_with_its_unit():
    assert written(lambda out: out.line("it took 20.5 s"), width=13)[0] == ["it took", "20.5 s"]


def test_what_is_left_out_is_counted_by_its_word():
    counts = [(2, "finding"), (-3, "fix"), (1, "finding"), (1, "place"), (3, "fix")]
    assert written(lambda out: out.more(counts))[0] == [
        "In the HTML report: 3 more findings, 3 more fixes, 1 more place."
    ]
    assert written(lambda out: out.more([(0, "fix")]))[0] == []


@given(
    st.lists(st.tuples(NAMES, NAMES, NAMES), min_size=1, max_size=4),
    st.integers(30, 120),
    st.sampled_from(["utf-8", "ascii"]),
)
def test_no_row_is_wider_than_the_console_and_no_cell_is_cut(cells, width, encoding):
    table = [
        Column("name", tuple(row[0] for row in cells), text=True),
        Column("figure", tuple(row[1] for row in cells)),
        Column("place", tuple(row[2] for row in cells), text=True),
    ]
    lines, _ = written(
        lambda out: out.table(table, Bars("", (50.0,) * len(cells))), width=width, encoding=encoding
    )
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    plain = Writer(console_of(encoding=encoding)).plain
    printed, wanted = "".join(lines[2:]), "".join(plain("".join(row)) for row in cells)
    for letter in set(wanted) - {" "}:
        assert printed.count(letter) >= wanted.count(letter)


@given(NAMES, st.integers(20, 90), st.sampled_from(["", "label: ", "a label of some length: "]))
def test_no_line_is_wider_than_the_console(text, width, label):
    lines, _ = written(lambda out: out.line(f"{text} and {text}", indent=4, label=label), width=width)
    assert max(map(cell_len, lines)) <= width
