import os
import sys
from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.fresh import measure_fresh
from perfkit.bench.measure import Job

HERE = Path(__file__).parent
LIMIT_NS = 3_600_000_000_000

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12) and sys.gettrace() is not None, reason="something traces the tests"
)


def job(strategy, size=3, file="service"):
    return Job(str(HERE / f"{file}.py"), file, "default", strategy, size, (1,), "virtual", LIMIT_NS)


def fresh(*jobs, **options):
    found = measure_fresh(jobs, **{"bytecodes": False, "peaks": False, **options})
    return {(each.job.strategy, each.job.size, each.state): each for each in found}


@pytest.fixture(scope="module")
def measured():
    jobs = [job("serial"), job("serial", 6), job("fails"), job("waits"), job("lacks"), job("dies")]
    return fresh(*jobs, bytecodes=True, peaks=True)


def test_a_trace_has_all_and_its_depth(measured):
    for size in (3, 6):
        for state in ("cold", "warm"):
            found = measured["serial", size, state]
            assert found.status == "ok", found.error
            assert found.counters["request"] == found.depth == len(found.trace.of_kind("request")) == size
            assert found.elapsed_ns > size * 10_000_000


def test_findings_are_of_the_cold_run(measured):
    assert [found.rule for found in measured["serial", 6, "cold"].findings]
    assert measured["serial", 6, "warm"].findings == []


def test_calls_and_bytecodes_are_of_the_cold_run(measured):
    small, large = measured["serial", 3, "cold"], measured["serial", 6, "cold"]
    calls = {function: count for (_, function), count in large.calls.items()}
    assert (calls["get"], calls["slow_at_first"], calls["serial"]) == (6, 1, 1)
    assert large.bytecodes > small.bytecodes > 100
    assert large.bytecodes == sum(large.bytecodes_by_place.values())
    assert measured["serial", 6, "warm"].bytecodes is None


def test_a_failure_keeps_what_was_done(measured):
    found = measured["fails", 3, "cold"]
    assert (found.status, found.error) == ("failed", "ValueError: no such item")
    assert found.counters["request"] == 1
    assert found.bytecodes > 0


def test_calls_are_counted_until_a_deadlock_so_that_its_line_can_be_named(measured):
    found = measured["waits", 3, "cold"]
    assert found.status == "deadlock"
    assert found.counters["request"] == 1
    calls = {function: count for (_, function), count in found.calls.items()}
    assert (calls["get"], calls["waits"]) == (1, 1)


def test_a_package_that_is_missing_skips(measured):
    assert measured["lacks", 3, "cold"].status == measured["lacks", 3, "warm"].status == "skipped"


def test_a_process_that_dies_costs_only_its_own_result(measured):
    found = measured["dies", 3, "cold"]
    assert (found.status, found.error) == ("failed", "its process ended with exit code -9")


def test_the_outer_state_changes_nothing(measured, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test/")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    again = fresh(job("serial"), job("serial", 6), bytecodes=True, peaks=True)
    for cell in [("serial", size, state) for size in (3, 6) for state in ("cold", "warm")]:
        one, other = measured[cell], again[cell]
        for name in ("counters", "findings", "depth", "elapsed_ns", "bytecodes", "calls", "peak_bytes"):
            assert getattr(one, name) == getattr(other, name)


def test_the_state_is_the_declared_one(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test/")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    one, other = (fresh(job("tells"))["tells", 3, "cold"].error for _ in range(2))
    assert one == other
    assert one.endswith("'UTC', False)")


def test_a_strategy_that_hangs_is_stopped():
    found = fresh(job("hangs"), timeout_s=3.0)
    assert found["hangs", 3, "cold"].status == found["hangs", 3, "warm"].status == "timeout"


def test_a_file_with_threads_is_measured_without_a_fork():
    found = fresh(job("parent", 1, "threaded"))["parent", 1, "cold"]
    assert found.error == "ValueError: alone"


def test_a_file_that_cannot_be_loaded_says_so(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    asked = Job(str(broken), "broken", "default", "x", 1, (1,), "virtual", LIMIT_NS)
    found = fresh(asked)["x", 1, "cold"]
    assert found.status == "skipped"
    assert "ZeroDivisionError" in found.error


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_leaving_early_ends_all_processes():
    results = measure_fresh([job("serial"), job("hangs"), job("hangs", 6)], peaks=False)
    next(results)
    results.close()
    assert _children() == []


def _children():
    """Processes of ours that run a server, or were forked by one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            status, command = (process / "stat").read_text(), (process / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status.rpartition(")")[2].split()[1]) == os.getpid() and b"perfkit.bench.fresh" in command:
            found.append(command)
    return found


def test_the_file_is_a_scenario():
    assert [scenario.name for scenario in load_file(HERE / "service.py")] == ["service"]
