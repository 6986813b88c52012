import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.report import units

S = 1_000_000_000


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0 ns"),
        (850, "850 ns"),
        (12_340, "12.3 µs"),
        (999_600, "1.00 ms"),
        (215_000_000, "215 ms"),
        (1_234_000_000, "1.23 s"),
        (40_240_000_000, "40.2 s"),
        (99_960_000_000, "100 s"),
        (599 * S, "599 s"),
        (975 * S, "16 min 15 s"),
        (7_384 * S, "2 h 3 min"),
        (-5 * S, "-5.00 s"),
    ],
)
def test_seconds(ns, shown):
    assert units.seconds(ns) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (812, "812 B"), (999, "999 B"), (1_620, "1.6 kB"), (999_600, "1.0 MB"), (5e12, "5,000 GB")],
)
def test_size(count, shown):
    assert units.size(count) == shown


@pytest.mark.parametrize(
    ("slow", "fast", "shown"),
    [
        (41.6, 1.2, "34x"),
        (4, 1.5, "2.6x"),
        (1.3, 1, "1.3x"),
        (1, 1, "1.0x"),
        (1, 3, "3.0x slower"),
        (1, 0, ""),
    ],
)
def test_factor_never_claims_more_than_was_measured(slow, fast, shown):
    assert units.factor(slow, fast) == shown


def test_compact_and_tick_have_no_room_to_waste():
    assert (units.compact(975 * S), units.compact(7_384 * S)) == ("16m15s", "2h03m")
    assert [units.tick(ns) for ns in (0, 2e8, 1e9, 1.5e12)] == ["0", "200 ms", "1 s", "1,500 s"]


@given(st.text())
def test_clean_text_is_one_visible_line(text):
    shown = units.clean(text, 1000)
    assert "\n" not in shown
    assert not set(shown) & {chr(n) for n in (0, 27, 0x200B, 0x202E, 0x2066, 0xFEFF)}


def test_clean_cuts_and_says_so():
    assert units.clean("x" * 10_000, 20) == "x" * 19 + "…"
    assert units.clean("x" * 10_000, 200).endswith("… (cut from 10,000 characters)")


def test_clean_spells_out_what_turns_text_around():
    assert units.clean("a\u202eb\x1b[31m") == "a\\u202eb\\u001b[31m"
    assert units.clean("half \ud800 of a pair").encode() == b"half \\ud800 of a pair"
