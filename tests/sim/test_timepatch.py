import asyncio
import importlib
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from perfkit.errors import SimulationError, VirtualTimeoutError
from perfkit.sim import EPOCH_S, patching, run
from tests.sim import early

NAMES = ["time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"]
EPOCH_NS = EPOCH_S * 10**9


def test_the_epoch_is_what_it_says():
    assert datetime.fromtimestamp(EPOCH_S, UTC) == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_every_clock_reads_virtual_time_and_is_restored():
    real = {name: getattr(time, name) for name in NAMES}

    async def main():
        await asyncio.sleep(1.5)
        return {name: getattr(time, name)() for name in NAMES if name != "sleep"}

    assert run(main) == {
        "time": EPOCH_S + 1.5,
        "time_ns": EPOCH_NS + 1_500_000_000,
        "monotonic": 1.5,
        "monotonic_ns": 1_500_000_000,
        "perf_counter": 1.5,
        "perf_counter_ns": 1_500_000_000,
    }
    assert {name: getattr(time, name) for name in NAMES} == real


def test_names_bound_early_are_patched_and_restored():
    before = dict(vars(early))

    async def main():
        await asyncio.sleep(2)
        early.sleep(0.5)
        return early.read()

    assert run(main) == (2.5, EPOCH_NS + 2_500_000_000)
    assert vars(early) == before
    assert early.clock is time.monotonic


def test_aiohttp_keeps_no_virtual_clock():
    from aiohttp import connector

    real = connector.monotonic

    async def main():
        await asyncio.sleep(7)
        return connector.monotonic()

    assert run(main) == 7
    assert connector.monotonic is real is time.monotonic


def test_a_module_imported_meanwhile_gets_the_real_clock_afterwards(tmp_path, monkeypatch):
    (tmp_path / "imported_late.py").write_text("from time import monotonic, sleep\n")
    monkeypatch.syspath_prepend(tmp_path)

    async def main():
        module = importlib.import_module("imported_late")
        return module, module.monotonic is time.monotonic

    module, same = run(main)
    assert same
    assert module.monotonic is time.monotonic
    assert module.sleep is time.sleep
    del sys.modules["imported_late"]


def test_a_kept_virtual_function_reads_real_time_after_the_run():
    async def main():
        return time.monotonic, time.sleep

    monotonic, sleep = run(main)
    before = time.monotonic()
    sleep(0)
    assert before <= monotonic() <= time.monotonic()


def test_the_standard_library_and_perfkit_keep_what_they_bound():
    from perfkit.tracing.clocks import REAL_PERF_COUNTER_NS

    async def main():
        from perfkit.tracing import clocks

        return clocks.REAL_PERF_COUNTER_NS, clocks.current_clock().kind

    assert run(main) == (REAL_PERF_COUNTER_NS, "virtual")


def test_other_threads_keep_real_time():
    real = time.monotonic()
    seen = []

    async def main():
        thread = threading.Thread(target=lambda: seen.append(time.monotonic()))
        thread.start()
        thread.join()

    run(main)
    assert seen[0] >= real


def test_blocking_sleep_lets_time_pass_and_timers_fall_due():
    async def main():
        log = []
        asyncio.get_running_loop().call_later(1, lambda: log.append(time.monotonic()))
        asyncio.get_running_loop().call_later(4, lambda: log.append(time.monotonic()))
        time.sleep(3)
        await asyncio.sleep(2)
        return log, time.monotonic()

    assert run(main) == ([3.0, 4.0], 5.0)


def test_sleep_takes_what_the_real_one_takes():
    async def main():
        time.sleep(True)
        with pytest.raises(ValueError, match="non-negative"):
            time.sleep(-1)
        with pytest.raises(TypeError):
            time.sleep("1")
        return time.monotonic()

    assert run(main) == 1


def test_blocking_past_the_limit_is_a_timeout_even_when_swallowed():
    async def main():
        try:
            time.sleep(20)
        except Exception:
            await asyncio.sleep(0)

    with pytest.raises(VirtualTimeoutError):
        run(main, limit_ns=10**10)


def test_only_one_simulation_at_a_time():
    async def main():
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: run(main))

    with pytest.raises(SimulationError, match="running already"):
        run(main)


def test_a_second_run_does_not_scan_again(monkeypatch):
    async def main():
        return None

    run(main)
    monkeypatch.setattr(patching, "_bound_in", None)
    run(main)
