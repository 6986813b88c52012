import msgspec
import pytest

from perfkit.bench.recommended import middle, pair
from perfkit.model import Run, Sample
from perfkit.model.storage import decode_run, encode_run
from perfkit.report.view.lanes import MAX_ROWS, of_scenario
from perfkit.report.view.page import page
from perfkit.report.view.strategies import counter_keys, counter_name, counter_value
from tests.report.sample import analysis_run, empty_run, failing_run, sample_run, trace_run

pytestmark = pytest.mark.once


def test_the_headline_names_effect_cause_and_gain():
    shown = page(sample_run())
    (headline,) = shown.headlines
    assert headline.effect == (
        "aiohttp_in_filter answers in 200 ms where aiohttp_serial takes 41.2 s: 205x, "
        "at 200 leads on own server."
    )
    assert headline.cause == (
        "PK102 n-plus-one-request at scenarios/leads.py:61 in serial: 200 times, 40.6 s; "
        "predicted saving 39.4 s, measured 40.4 s with aiohttp_batched."
    )
    assert headline.facts == (("time", "41.2 s", "200 ms"), ("requests", "200", "1"))
    assert shown.title == "PASS - leads: aiohttp_in_filter 205x faster than aiohttp_serial - perfkit"


def test_the_fastest_is_never_one_that_is_wrong_or_flawed():
    run = sample_run()
    for cell in run.scenarios[0].cells:
        if cell.strategy in ("aiohttp_as_published", "aiohttp_unbounded"):
            cell.samples = [Sample(1, 1)]
        if cell.strategy == "aiohttp_in_filter":
            cell.agrees = False
    assert pair(run.scenarios[0]).best.strategy == "aiohttp_batched_concurrent"


def test_without_a_faster_strategy_the_headline_says_so():
    run = sample_run()
    run.scenarios[0].cells = [c for c in run.scenarios[0].cells if c.strategy == "aiohttp_serial"]
    assert "no other strategy answers right and sooner" in page(run).headlines[0].effect


def test_a_world_without_a_baseline_has_nothing_to_compare_with():
    run = sample_run()
    run.scenarios[0].cells = [c for c in run.scenarios[0].cells if not c.strategy.endswith("serial")]
    assert page(run).headlines[0].gain == "no baseline"


def test_outcomes():
    assert page(sample_run()).outcome == "PASS"
    assert page(failing_run()).outcome == "FAIL"
    assert page(empty_run()).outcome == "INCONCLUSIVE"
    interrupted = sample_run()
    interrupted.interrupted = True
    assert page(interrupted).meaning == "interrupted before the end"


def test_provenance_tells_revision_clock_and_versions():
    assert page(sample_run()).provenance == (
        "virtual clock",
        "seed 1",
        "git 0123456789ab (main) with uncommitted changes",
        "CPython 3.12.7",
        "perfkit 0.1.0",
        "2025-01-31T12:00:00+00:00",
    )


@pytest.mark.parametrize(("sizes", "shown"), [([20], 20), ([20, 200], 200), ([2000, 20, 200], 200)])
def test_the_middle_size_is_shown_first(sizes, shown):
    assert middle(sizes) == shown


def test_panels_of_all_sizes_with_the_middle_one_open():
    (scenario,) = page(sample_run()).scenarios
    own = scenario.worlds[0]
    assert [(panel.size, panel.open) for panel in own.panels] == [
        ("20 leads", False),
        ("200 leads", True),
        ("2,000 leads", False),
    ]
    assert own.panels[1].columns == ("requests", "connections", "sent", "received")
    serial = own.panels[1].groups[0].rows[0]
    assert (serial.name, serial.counters) == ("aiohttp_serial", ("200", "1", "36.0 kB", "91.6 kB", "1"))
    assert (serial.elapsed, serial.factor, serial.answer) == ("41.2 s", "baseline", "reference")


def test_wrong_failed_and_flawed_strategies_are_told_apart_in_words():
    (scenario,) = page(sample_run()).scenarios
    rows = {row.name: row for row in scenario.worlds[1].panels[1].groups[0].rows}
    assert rows["aiohttp_as_published"].answer == "differs (PK501)"
    assert "known flaw: the portal drops the filter" in rows["aiohttp_as_published"].note
    assert (rows["aiohttp_unbounded"].elapsed, rows["aiohttp_unbounded"].role) == ("failed", "none")
    assert rows["aiohttp_unbounded"].note.startswith("ClientResponseError: 503")


def test_a_wrong_answer_earns_no_factor_in_its_bar():
    (scenario,) = page(sample_run()).scenarios
    bars = {bar.name: bar.label for bar in scenario.worlds[0].panels[1].groups[0].bars}
    assert (bars["as_published"], bars["batched"]) == ("16.5 s · differs", "821 ms · 50x")


def test_refused_calls_are_counted():
    (scenario,) = page(sample_run()).scenarios
    panel = scenario.worlds[1].panels[1]
    assert panel.columns[-1] == "503s"
    assert panel.groups[0].rows[-1].counters[-2] == "149"


def test_counters_keep_their_units_and_order():
    cell = sample_run().scenarios[0].cells[0]
    cell.counters = {
        "rows": 7,
        "status_503": 1,
        "cache_bytes": 2_000,
        "connect": 0,
        "request": 3,
        "lock_ns": 5_000,
    }
    keys = counter_keys([cell])
    assert keys == ["request", "status_503", "cache_bytes", "lock_ns", "rows"]
    assert [counter_name(key) for key in keys] == ["requests", "503s", "cache bytes", "lock ns", "rows"]
    assert [counter_value(key, cell.counters[key]) for key in keys] == ["3", "1", "2.0 kB", "5.00 µs", "7"]


def test_several_samples_show_their_interval():
    (scenario,) = page(sample_run(repeats=3)).scenarios
    row = scenario.worlds[0].panels[0].groups[0].rows[0]
    assert (row.elapsed, row.interval) == ("4.13 s", "4.12 s to 4.13 s")


def test_equal_findings_are_one_row_that_says_where():
    (scenario,) = page(sample_run(groups=("aiohttp",))).scenarios
    serial, concurrent = scenario.findings
    assert (serial.count, serial.saving, serial.worst) == (
        "2,000",
        "25 min 58 s",
        "aiohttp_serial at 2,000 leads on far server",
    )
    assert serial.cells == ("aiohttp_serial at 20, 200, 2,000 leads on every world",)
    assert concurrent.saving == "not predicted"


def test_predictions_and_claims():
    (scenario,) = page(sample_run()).scenarios
    row = next(p for p in scenario.predictions if (p.world, p.size) == ("own", 200))
    assert (row.predicted, row.measured, row.error) == ("39.4 s", "40.4 s", "-2.5 %")
    assert [claim.verdict for claim in scenario.claims] == ["false", "holds", "not told by this run"]


def test_waterfalls_share_one_axis_and_keep_the_extent():
    shown = of_scenario(sample_run().scenarios[0])
    assert len(shown) == 6
    serial, batched, concurrent, both = shown[0].lanes
    assert [len(lane.rows) for lane in (serial, batched, concurrent, both)] == [MAX_ROWS, 4, MAX_ROWS, 4]
    assert (serial.rest_count, serial.end, serial.missing) == (160, 100, 0)
    assert serial.rest[-1].end == pytest.approx(100, abs=0.1)
    assert both.end < concurrent.end < serial.end


def test_a_waterfall_says_how_many_calls_were_not_stored():
    run = sample_run(groups=("aiohttp",), sizes=[2000])
    serial = of_scenario(run.scenarios[0])[0].lanes[0]
    assert (serial.rest_count, serial.missing) == (460, 1500)
    assert serial.missing_from == pytest.approx(25, abs=0.1)


def test_refused_calls_are_marked():
    run = trace_run()
    lane = page(run).trace.waterfall.lanes[0]
    assert sum(piece.refused for piece in lane.rows) == 4
    assert page(run).trace.waterfall.any_refused


def test_a_recorded_program():
    trace = page(trace_run()).trace
    assert [(row.kind, row.count, row.share) for row in trace.tables.kinds] == [
        ("span", "1", "97 %"),
        ("request", "60", "86 %"),
    ]
    assert [row.name for row in trace.tables.names] == ["load", "GET api.test/items/{id}"]
    assert page(trace_run()).title == "PASS - 1 finding in 9.00 s - perfkit"


def test_a_file_of_traces():
    shown = page(analysis_run())
    (headline,) = shown.headlines
    assert headline.effect == "3 findings in 400 traces (52,000 spans) of day.jsonl."
    assert headline.cause == (
        "PK101 n-plus-one-query under GET /orders > load: 20,000 times in 400 traces, 90.0 s; "
        "predicted saving 80.0 s."
    )
    assert shown.title == "PASS - 3 findings in day.jsonl - perfkit"
    assert shown.analysis.facts == (
        ("File", "day.jsonl"),
        ("Format", "otlp"),
        ("Traces", "400"),
        ("Spans", "52,000"),
    )
    assert [row.rule for row in shown.analysis.findings] == ["PK101", "PK103", "PK103"]
    assert [rule.code for rule in shown.rules] == ["PK101", "PK103"]
    assert shown.provenance == ("CPython 3.12.7", "perfkit 0.1.0", "2025-01-31T12:00:00+00:00")
    assert shown.noise == "not known: the counts have none"
    assert shown.trace is None
    assert len(shown.analysis.left_out) == 1
    assert shown.warnings == ()


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"left_out": []}, ("PASS", "read to the end")),
        ({"left_out": ["x"]}, ("PASS", "read in part; what was left out is listed below")),
        ({"spans": 0, "traces": 0}, ("INCONCLUSIVE", "no operation could be read")),
    ],
)
def test_the_verdict_on_a_file_of_traces(changes, verdict):
    run = analysis_run()
    run.imported = msgspec.structs.replace(run.imported, **changes)
    assert (page(run).outcome, page(run).meaning) == verdict


def test_looking_at_a_run_does_not_change_it():
    run = sample_run()
    before = encode_run(run)
    page(run)
    assert encode_run(run) == before


def test_a_stored_run_gives_the_same_page():
    run = sample_run()
    again = decode_run(encode_run(run))
    assert page(again).scenarios[0].worlds == page(run).scenarios[0].worlds
    assert msgspec.json.encode(again) == msgspec.json.encode(run)
    assert isinstance(again, Run)
