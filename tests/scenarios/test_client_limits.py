"""Which client survives the cloud's limits: the figures that must hold."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench
from perfkit.model import Outcome

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not (find_spec("fast_bitrix24") and find_spec("b24pysdk")), reason="no clients"),
]
FILE = Path(__file__).parent.parent.parent / "scenarios" / "client_limits.py"
SECOND = 10**9
MINUTE = 60 * SECOND


@pytest.fixture(scope="module")
def result():
    pytest.importorskip("gevent")
    (clients,) = load_file(FILE)
    run = bench([clients], Plan())
    assert run.outcome is Outcome.PASS, run.problems()
    return run.scenarios[0]


@pytest.fixture(scope="module")
def cell(result):
    found = {
        each.strategy: each for each in result.cells if each.world == "rate" or each.strategy != "serial"
    }
    return found.__getitem__


@pytest.mark.parametrize(
    ("strategy", "requests", "refused", "from_s", "to_s"),
    [
        ("serial", 200, 0, 76, 77),
        ("batched_concurrent", 100, 0, 26, 28),
        ("patient", 100, 0, 620, 640),
        ("fast_bitrix24.serial", 200, 0, 83, 85),
        ("fast_bitrix24.slow", 100, 0, 52, 53),
        ("b24pysdk.serial", 242, 42, 75, 77),
        ("b24pysdk.call_batches", 100, 0, 112, 113),
    ],
)
def test_who_survives(cell, strategy, requests, refused, from_s, to_s):
    found = cell(strategy)
    assert (found.status, found.agrees) == ("ok", True)
    assert (found.counters["request"], found.counters.get("status_503", 0)) == (requests, refused)
    assert from_s * SECOND <= found.elapsed_ns <= to_s * SECOND


@pytest.mark.parametrize(
    ("strategy", "requests", "refused", "error"),
    [
        ("fast_bitrix24.concurrent", 61, 11, "All attempts to get data from server exhausted"),
        ("fast_bitrix24.get_by_ID", 82, 30, "All attempts to get data from server exhausted"),
        ("fast_bitrix24.slow_blocked", 98, 0, "OPERATION_TIME_LIMIT"),
        ("b24pysdk.threads", 324, 132, "Too many requests"),
    ],
)
def test_who_does_not(cell, strategy, requests, refused, error):
    found = cell(strategy)
    assert found.status == "failed"
    assert error in found.error
    assert (found.counters["request"], found.counters.get("status_503", 0)) == (requests, refused)


def test_who_pauses_for_nothing(cell):
    """Two hundred calls of 0.1 s each are 20 s of work, and two pauses of ten minutes."""
    assert 20 * MINUTE < cell("fast_bitrix24.serial_pausing").elapsed_ns < 21 * MINUTE


def test_who_leaves_rows_out(cell):
    found = cell("b24pysdk.call_batches_blocked")
    assert (found.status, found.agrees) == ("ok", False)
    assert "PK501" in [finding.rule for finding in found.findings]


def test_b24api_survives_by_batches(result):
    cells = {each.strategy: each for each in result.cells if each.strategy.startswith("b24api_")}
    if not cells:
        pytest.skip("no b24api")
    ways = {name.partition(".")[2]: each for name, each in cells.items()}
    assert (ways["serial"].agrees, ways["batch"].agrees) == (True, True)
    assert ways["batch_blocked"].status == "failed"
