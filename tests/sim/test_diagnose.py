import asyncio
import re

import aiohttp
import pytest

from perfkit.errors import DeadlockError
from perfkit.sim import run
from tests.sim.support import fetch, serving, session


def test_a_deadlock_names_the_tasks_and_the_lines_they_wait_at():
    async def worker(lock):
        async with lock:
            pass

    async def main():
        lock = asyncio.Lock()
        await lock.acquire()
        await asyncio.sleep(3)
        tasks = [asyncio.create_task(worker(lock), name=f"worker-{i}") for i in range(12)]
        await asyncio.gather(*tasks)

    with pytest.raises(DeadlockError) as caught:
        run(main)
    text = str(caught.value)
    lines = text.splitlines()
    assert "deadlock at 3 s of virtual time: 13 tasks wait" in lines[0]
    assert len(lines) == 12
    assert lines[-1] == "  and 3 more"
    main_line = main.__code__.co_firstlineno + 5
    assert lines[1] == f"  task 1: tests/sim/test_diagnose.py:{main_line} in main"
    assert "worker-0" in lines[2]
    worker_line = worker.__code__.co_firstlineno + 1
    assert ": asyncio/locks.py:" in lines[2]
    assert lines[2].endswith(f"from tests/sim/test_diagnose.py:{worker_line} in worker")


def test_the_way_to_where_a_task_waits_is_shown_and_bounded():
    async def deep(n):
        if n:
            return await deep(n - 1)
        return await asyncio.Event().wait()

    async def main():
        await deep(10)

    with pytest.raises(DeadlockError) as caught:
        run(main)
    first, *others = str(caught.value).splitlines()[1].split(", from ")
    line = deep.__code__.co_firstlineno
    assert "asyncio/locks.py:" in first
    assert others == [
        f"tests/sim/test_diagnose.py:{line + 3} in deep",
        *[f"tests/sim/test_diagnose.py:{line + 2} in deep"] * 4,
    ]


def test_a_library_on_the_way_is_named_with_the_line_that_called_it():
    async def handler(request):
        await asyncio.Event().wait()

    async def ask(client):
        await fetch(client, timeout=aiohttp.ClientTimeout())

    async def main():
        async with serving(handler), session() as client:
            await ask(client)

    with pytest.raises(DeadlockError) as caught:
        run(main)
    line = str(caught.value).splitlines()[1]
    assert re.search(
        r"task 1: aiohttp/\S+ in \w+, from tests/sim/support\.py:\d+ in fetch, from tests/sim/", line
    )
    assert re.search(r" in ask, from tests/sim/test_diagnose\.py:\d+ in main$", line)


def test_a_deadlock_comes_out_whatever_is_swallowed():
    async def stubborn():
        while True:
            try:
                await asyncio.Event().wait()
            except (asyncio.CancelledError, Exception):
                continue

    with pytest.raises(DeadlockError, match="1 task waits"):
        run(stubborn)


def test_sleeping_for_ever_is_a_deadlock():
    async def main():
        await asyncio.sleep(float("inf"))

    with pytest.raises(DeadlockError, match="in main"):
        run(main)


def test_cleaning_up_runs_finally_blocks_after_a_deadlock():
    seen = []

    async def main():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            seen.append(asyncio.get_running_loop().now_ns)

    with pytest.raises(DeadlockError):
        run(main)
    assert seen == [1_000_000_000]
