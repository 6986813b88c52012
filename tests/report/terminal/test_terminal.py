import io

import pytest
from rich.console import Console

from perfkit.report.terminal.terminal import render_terminal
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run

pytestmark = pytest.mark.once


class Stream(io.StringIO):
    def __init__(self, encoding):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding


def shown(run, *, width=80, encoding="utf-8", **options):
    stream = Stream(encoding)
    render_terminal(run, Console(file=stream, width=width, **options))
    return stream.getvalue()


RUNS = {
    "bench": sample_run,
    "failing": failing_run,
    "trace": trace_run,
    "analysis": analysis_run,
    "empty": empty_run,
    "hostile": lambda: hostile_run("[red]x[/red]\x1b[31m:smile: \u202e" * 9),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_80_columns_without_colour_or_trailing_space(name, encoding):
    text = shown(RUNS[name](), encoding=encoding)
    assert text.encode(encoding)
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if len(line) > 80 or line != line.rstrip()] == []


def test_the_order_is_that_of_the_page():
    text = shown(sample_run())
    places = [
        text.index(part)
        for part in (
            "PASS: every strategy",
            "aiohttp_in_filter answers in 200 ms where aiohttp_serial takes 41.2 s",
            "cause: PK102 n-plus-one-request at scenarios/leads.py:61",
            "own server, aiohttp: calls, time, factor",
            "far server, fast_bitrix24: calls, time, factor",
            "Prediction beside result at 200 leads",
            "Findings",
            "The story beside the measurement",
            "This machine",
            "99 % waiting on the network: compiling (numba, cython) will not help",
        )
    ]
    assert places == sorted(places)


def test_a_row_has_calls_time_and_factor_for_each_size():
    rows = [line.split() for line in shown(sample_run()).splitlines() if line.startswith("aiohttp_chunks ")]
    assert rows[0] == [
        "aiohttp_chunks",
        "2",
        "407",
        "ms",
        "10x",
        "14",
        "2.88",
        "s",
        "14x",
        "134",
        "27.6",
        "s",
        "14x",
    ]


def test_what_differs_between_machines_is_in_the_last_section_only():
    one, other = sample_run(), sample_run()
    other.machine = empty_run().machine
    other.machine.costs, other.machine.real_ns = one.machine.costs[:0], 5
    first, second = shown(one), shown(other)
    assert first != second
    assert first.partition("This machine")[0] == second.partition("This machine")[0]


def test_more_than_three_sizes_are_cut_and_it_is_said():
    text = shown(sample_run(groups=("aiohttp",), sizes=[10, 20, 40, 80, 160]))
    assert "10 leads" in text
    assert "40 leads" in text
    assert "160 leads" in text
    assert "2 more sizes not shown here" in text


def test_errors_refusals_and_flaws_stand_below_the_table():
    text = " ".join(shown(sample_run(), width=200).split())
    assert "aiohttp_unbounded: failed: ClientResponseError: 503, message='Service Unavailable'" in text
    assert "503s: 0, 149, 1,949; known flaw: ignores the rate limit" in text
    assert "aiohttp_as_published: answer differs from the baseline's (PK501); known flaw:" in text


def test_markup_in_names_is_no_markup():
    text = shown(hostile_run("[red]x[/red]"), width=200, force_terminal=True, no_color=True)
    assert "[red]x[/red]" in text


def test_a_terminal_gets_colour():
    assert "\x1b[" in shown(sample_run(), force_terminal=True, color_system="standard")


def test_a_recorded_program():
    text = shown(trace_run())
    assert "The program took 9.00 s, of which 7.80 s waiting on the network; 1 finding." in text
    assert ["request", "60", "7.80", "s", "86", "%"] in [line.split() for line in text.splitlines()]


def test_a_file_of_traces():
    text = shown(analysis_run(), width=100)
    assert "\nLeft out\n1 line could not be read: line 52,001 ends in the middle\n" in text
    assert "\nPK101 n-plus-one-query: 20,000 times in 400 traces under GET /orders > load\n" in text
    assert "\nPK103 duplicate-query: 9 times at app/orders.py:17 in totals\n" in text
    assert "  spent 45.0 ms; no saving predicted\n" in text


@pytest.mark.parametrize(("count", "all_in"), [(20, "HTML report"), (600, "JSON of the run")])
def test_where_the_other_findings_are(count, all_in):
    text = shown(analysis_run(findings=count), width=100)
    assert f"{count - 6} more findings not shown here; the {all_in} has all.\n" in text


def test_nothing_measured():
    assert shown(empty_run()).startswith("INCONCLUSIVE: nothing was measured\n")
