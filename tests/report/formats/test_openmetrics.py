"""OpenMetrics that Prometheus' own parser takes, with values that do not change by themselves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from perfkit.model import Gate, Timing, Verdict
from perfkit.report.formats.openmetrics import render
from tests.report.formats.runs import RUNS
from tests.report.gate_sample import SLOWER, run_of
from tests.report.sample import sample_run, trace_run


def families_of(run):
    return {family.name: family for family in text_string_to_metric_families(render(run).decode())}


def values_of(run, name):
    return {tuple(sample.labels.values()): sample.value for sample in families_of(run)[name].samples}


@pytest.mark.parametrize("name", RUNS)
def test_the_parser_takes_it(name):
    families = families_of(RUNS[name]())
    assert {"perfkit_run", "perfkit_outcome"} <= set(families)
    for family in families.values():
        assert family.documentation
        assert family.name.endswith(family.unit)
        assert family.type in ("info", "stateset", "gauge")
    assert render(RUNS[name]()).endswith(b"\n# EOF\n")


def test_the_parser_would_tell():
    text = render(trace_run()).decode().replace("# EOF\n", "")
    with pytest.raises(ValueError, match="EOF"):
        list(text_string_to_metric_families(text))


def test_a_cell():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    key = ("leads", "own", "aiohttp_serial", "20")
    assert values_of(run, "perfkit_operations")[*key, "request"] == 20
    assert values_of(run, "perfkit_counted_bytes")[*key, "bytes_sent"] == 3600
    assert values_of(run, "perfkit_cell_right")[key] == 1
    assert values_of(run, "perfkit_cell_right")["leads", "cloud", "aiohttp_as_published", "20"] == 0
    cell = run.scenarios[0].cell("own", "aiohttp_serial", 20)
    assert values_of(run, "perfkit_elapsed_seconds")[key] == pytest.approx(cell.elapsed_ns / 1e9, abs=1e-12)


def test_virtual_time_is_exact_and_wall_time_has_two_digits():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    (cell, *_) = run.scenarios[0].cells
    cell.samples = [replace(cell.samples[0], elapsed_ns=1_234_567_891)]
    assert b'strategy="aiohttp_serial",size="20"} 1.234567891\n' in render(run)
    run.clock = "wall"
    assert b'strategy="aiohttp_serial",size="20"} 1.2\n' in render(run)
    cell.samples = [replace(cell.samples[0], elapsed_ns=1_150_000_001)]
    near = render(run)
    cell.samples = [replace(cell.samples[0], elapsed_ns=1_249_999_999)]
    assert render(run) == near


def test_a_benchmark():
    run = run_of(Gate(timings=[SLOWER, Timing("b", Verdict.INCONCLUSIVE)]))
    assert values_of(run, "perfkit_benchmark_ratio") == {(SLOWER.name,): 1.05}
    verdicts = values_of(run, "perfkit_benchmark_verdict")
    assert {key for key, value in verdicts.items() if value} == {
        (SLOWER.name, "regressed"),
        ("b", "inconclusive"),
    }
    assert values_of(run, "perfkit_outcome") == {("pass",): 0, ("fail",): 1, ("inconclusive",): 0}


def test_targets_and_findings():
    run = RUNS["targets"]()
    met = {key[0]: value for key, value in values_of(run, "perfkit_target_met").items()}
    assert met == {"response": 1, "query": 0}
    used = {key[0]: value for key, value in values_of(run, "perfkit_target_used_ratio").items()}
    assert used == {"response": 0.53, "query": 1.45}
    assert values_of(run, "perfkit_findings") == {
        ("leads", "PK102", "note"): 1,
        ("leads", "PK102", "warning"): 1,
    }


def test_a_recording():
    assert values_of(trace_run(), "perfkit_spans") == {("request",): 60, ("span",): 1}
    assert values_of(trace_run(), "perfkit_recording_seconds") == {(): 9.0}


@given(st.text(alphabet=st.sampled_from('a\\"\n{},= \x00\u2028é#'), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_label(name):
    run = run_of(Gate(timings=[replace(SLOWER, name=f"x{name}x")]))
    (labels,) = values_of(run, "perfkit_benchmark_ratio")
    assert labels[0].startswith("x")
    assert labels[0].endswith("x")
