import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import perfkit
from perfkit.errors import DeadlockError, MissingExtraError
from perfkit.sim import block_on, run
from perfkit.sim.executors import THREADS
from tests.sim.greenlets.server import HOST, MS, network, serve

URL = f"http://{HOST}/"
CALL_NS = 60 * MS  # on a new connection


def test_jobs_overlap_and_the_loop_goes_on():
    async def main():
        beats = []

        async def heart():
            while True:
                await asyncio.sleep(1)
                beats.append(time.monotonic())

        beating = asyncio.create_task(heart())
        await asyncio.gather(*(asyncio.to_thread(time.sleep, seconds) for seconds in (1.5, 2.5, 0.5)))
        beating.cancel()
        return time.monotonic(), beats

    assert run(main) == (2.5, [1, 2])


def test_the_loops_own_executor_has_so_many_threads():
    async def main():
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 1) for _ in range(THREADS + 1)))
        return time.monotonic()

    assert run(main) == 2


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_an_executor_has_its_own_number(threads):
    async def main():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(threads) as pool:
            order = []

            def work(i):
                time.sleep(1)
                order.append(i)

            await asyncio.gather(*(loop.run_in_executor(pool, work, i) for i in range(5)))
        return time.monotonic(), order

    assert run(main) == (-(-5 // threads), list(range(5)))


def test_a_default_executor_that_was_set_counts():
    async def main():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            loop.set_default_executor(pool)
            await asyncio.gather(asyncio.to_thread(time.sleep, 1), asyncio.to_thread(time.sleep, 1))
            return loop.time()

    assert run(main) == 2


def test_results_errors_and_cancelled_jobs():
    ran = []

    def fails():
        time.sleep(1)
        raise LookupError("mine")

    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(LookupError, match="mine"):
            await asyncio.to_thread(fails)
        with ThreadPoolExecutor(1) as pool:
            first = loop.run_in_executor(pool, time.sleep, 1)
            second = loop.run_in_executor(pool, ran.append, "second")
            third = loop.run_in_executor(pool, ran.append, "third")
            second.cancel()
            await asyncio.wait([first, second, third])
        return await asyncio.to_thread(lambda: block_on(asyncio.sleep(1, "slept"))), loop.time()

    assert run(main) == ("slept", 3)
    assert ran == ["third"]


def test_a_job_has_no_running_loop_and_its_callers_context():
    async def main():
        def work():
            before = asyncio._get_running_loop()
            time.sleep(1)
            return before, asyncio._get_running_loop()

        return await asyncio.get_running_loop().run_in_executor(None, work)

    assert run(main) == (None, None)


def test_a_timeout_leaves_the_job_as_it_does_a_thread():
    done = []

    def work():
        time.sleep(5)
        done.append(time.monotonic())

    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.to_thread(work)
        late = time.monotonic()
        await asyncio.sleep(10)
        return late

    assert run(main) == 1
    assert done == [5]


def test_jobs_left_at_the_end_clean_up():
    told = []

    def work():
        try:
            time.sleep(100)
        finally:
            told.append(time.monotonic())

    async def main():
        asyncio.get_running_loop().run_in_executor(None, work)
        await asyncio.sleep(1)

    run(main)
    assert told == [1]


def test_a_job_that_waits_for_ever_is_a_deadlock():
    async def main():
        future = asyncio.get_running_loop().create_future()
        await asyncio.to_thread(lambda: block_on(future))

    with pytest.raises(DeadlockError, match="in main"):
        run(main)


def test_ending_the_program_passes():
    async def main():
        await asyncio.to_thread(sys.exit, 3)

    with pytest.raises(SystemExit):
        run(main)


def test_blocking_clients_in_threads_overlap_and_do_not_hold_the_loop_up():
    async def main():
        async with serve():
            with perfkit.record() as recording:
                texts = await asyncio.gather(
                    *(asyncio.to_thread(lambda i=i: requests.get(f"{URL}{i}").text) for i in range(THREADS))
                )
                took = time.perf_counter_ns()
            return texts, took, recording

    texts, took, recording = run(main, network=network())
    assert texts == [f"/{i}" for i in range(THREADS)]
    assert took == CALL_NS
    assert recording.counts["request"] == THREADS
    assert "PK202" not in {finding.rule for finding in recording.findings()}


def test_a_librarys_function_is_put_down_to_the_line_that_started_it():
    async def one(url):
        await asyncio.to_thread(requests.get, url)

    async def other(url):
        await asyncio.to_thread(requests.get, url)

    async def main():
        async with serve():
            with perfkit.record() as recording:
                await asyncio.gather(one(f"{URL}1"), other(f"{URL}2"), one(f"{URL}3"))
            return recording.trace.of_kind("request")

    spans = run(main, network=network())
    assert [span.site.function.rpartition(".")[2] for span in spans] == ["one", "other", "one"]


def test_beside_a_blocked_loop_they_go_on():
    async def main():
        job = asyncio.get_running_loop().run_in_executor(None, lambda: (time.sleep(1), time.monotonic())[1])
        time.sleep(5)
        return await job, time.monotonic()

    assert run(main) == (1, 5)


def test_without_greenlet_a_job_computes_and_does_not_block(monkeypatch):
    monkeypatch.setitem(sys.modules, "greenlet", None)

    async def main():
        assert await asyncio.to_thread(sum, [1, 2]) == 3
        with pytest.raises(LookupError):
            await asyncio.to_thread(_fail)
        await asyncio.to_thread(time.sleep, 1)

    with pytest.raises(MissingExtraError, match="sim-sync"):
        run(main)


def _fail():
    raise LookupError("mine")


def test_threads_of_the_system_are_not_used():
    async def main():
        return await asyncio.to_thread(threading.get_native_id) == threading.get_native_id()

    assert run(main)
