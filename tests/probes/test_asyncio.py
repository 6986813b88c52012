import asyncio
import contextlib
import inspect
import re
import sys
import time
import warnings
from unittest import mock

import pytest

import perfkit
from perfkit import sim
from perfkit.errors import DeadlockError
from perfkit.probes import asyncio as probe
from perfkit.probes import asyncio_steps
from perfkit.tracing import Clock, Recording, enter, leave
from tests.probes.loops import installed, line, recorded

SHORT_S = 0.005


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    """The tests of waits shall not see that the machine is slow."""
    yield from installed(monkeypatch, 60_000_000_000)


async def sleep():
    await asyncio.sleep(SHORT_S)


async def acquire(lock):
    await lock.acquire()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SHORT_S):
            await lock.acquire()


async def in_time(waiting):
    async with asyncio.timeout(SHORT_S):
        await waiting


async def put_into_a_full_queue():
    full = asyncio.Queue(1)
    await full.put(1)
    await in_time(full.put(2))


async def wait_in_a_condition():
    condition = asyncio.Condition()
    async with condition:
        await in_time(condition.wait())


WAITS = {
    "asyncio.sleep": sleep,
    "asyncio.Lock.acquire": lambda: acquire(asyncio.Lock()),
    "asyncio.Semaphore.acquire": lambda: acquire(asyncio.BoundedSemaphore()),
    "asyncio.Condition.wait": wait_in_a_condition,
    "asyncio.Event.wait": lambda: in_time(asyncio.Event().wait()),
    "asyncio.Queue.get": lambda: in_time(asyncio.PriorityQueue().get()),
    "asyncio.Queue.put": put_into_a_full_queue,
}


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_bears_the_name_of_what_was_called(name):
    async def main():
        with contextlib.suppress(TimeoutError):
            await WAITS[name]()

    (found,) = recorded(main)
    assert (found.kind, found.name, found.attrs) == ("wait", name, {"library": "asyncio"})
    assert found.error == (None if name == "asyncio.sleep" else "CancelledError")
    assert found.site.file == "tests/probes/test_asyncio.py"
    assert "main" in [frame.function.rpartition(".")[2] for frame in found.path]


def test_a_barrier_is_made_of_a_condition():
    async def main():
        with contextlib.suppress(TimeoutError):
            await in_time(asyncio.Barrier(2).wait())

    (found,) = recorded(main)
    assert (found.name, found.site.function) == ("asyncio.Condition.wait", "in_time")


def test_who_waited_for_a_lock_and_where():
    async def main():
        lock = asyncio.Lock()

        async def work(number):
            async with lock:
                work.line = line() - 1
                with perfkit.span(f"work {number}"):
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)

        await asyncio.gather(*map(work, range(3)))
        main.line = work.line

    spans = recorded(main)
    assert [(span.name, span.kind, span.error) for span in spans] == [
        ("work 0", "span", None),
        ("asyncio.Lock.acquire", "wait", None),
        ("asyncio.Lock.acquire", "wait", None),
        ("work 1", "span", None),
        ("work 2", "span", None),
    ]
    first, waited, longer, second, third = spans
    assert {span.site.line for span in (waited, longer)} == {main.line}
    assert waited.start_ns < first.end_ns < waited.end_ns <= second.start_ns
    assert second.end_ns < longer.end_ns <= third.start_ns
    assert (waited.task, longer.task) == (second.task, third.task)
    assert len({span.task for span in spans}) == 3
    assert {span.parent for span in spans} == {None}


def test_what_does_not_wait_makes_no_span():
    async def main():
        await asyncio.sleep(0)
        await asyncio.sleep(-1)
        async with asyncio.Lock(), asyncio.Semaphore(), asyncio.Condition():
            pass
        ready = asyncio.Event()
        ready.set()
        await ready.wait()
        queue = asyncio.Queue()
        await queue.put(1)
        assert await queue.get() == 1
        queue.task_done()
        await queue.join()
        await asyncio.Barrier(1).wait()

    assert recorded(main) == []


def test_how_tasks_are_put_together_is_no_wait():
    async def main():
        async def child():
            await asyncio.get_running_loop().run_in_executor(None, int)

        await asyncio.gather(child(), child())
        await asyncio.wait_for(child(), 10)
        await asyncio.wait([asyncio.create_task(child())])
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
        queue = asyncio.Queue()
        queue.put_nowait(1)
        asyncio.get_running_loop().call_soon(queue.task_done)
        await queue.join()

    assert recorded(main) == []


def test_answers_and_errors_pass_untouched():
    async def main():
        assert await asyncio.sleep(SHORT_S, "answer") == "answer"
        queue = asyncio.Queue()
        getting = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        await queue.put("item")
        assert await getting == "item"
        with pytest.raises(TypeError):
            await asyncio.sleep("1")
        with pytest.raises(TypeError):
            await asyncio.Lock().acquire(1)
        with pytest.raises(RuntimeError, match="un-acquired lock"):
            await asyncio.Condition().wait()

    assert [span.name for span in recorded(main)] == ["asyncio.sleep", "asyncio.Queue.get"]


def test_cancelling_leaves_locks_and_queues_in_order():
    async def main():
        lock, queue = asyncio.Lock(), asyncio.Queue()
        await lock.acquire()
        waiting = [asyncio.create_task(lock.acquire()), asyncio.create_task(queue.get())]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert [task.cancelled() for task in waiting] == [True, True]
        lock.release()
        await queue.put(1)
        assert (queue.qsize(), lock.locked()) == (1, False)

    spans = recorded(main)
    assert [(span.name, span.error) for span in spans] == [
        ("asyncio.Lock.acquire", "CancelledError"),
        ("asyncio.Queue.get", "CancelledError"),
    ]


def test_a_wait_that_is_all_of_a_task_has_the_line_that_made_it():
    async def main():
        made = asyncio.create_task(asyncio.sleep(SHORT_S))
        main.line = line() - 1
        await made

    (found,) = recorded(main)
    assert (found.site.line, found.site.function.rpartition(".")[2]) == (main.line, "main")


def test_what_is_cancelled_before_it_starts_or_never_awaited_warns_as_before():
    async def main():
        task = asyncio.create_task(asyncio.Lock().acquire())
        task.cancel()
        await asyncio.wait([task])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            asyncio.sleep(1)
            asyncio.Event().wait()
        main.caught = [str(warning.message) for warning in caught]

    assert recorded(main) == []
    assert main.caught == ["coroutine 'sleep' was never awaited", "coroutine 'Event.wait' was never awaited"]


def test_a_coroutine_that_is_closed_while_it_waits():
    async def main():
        waiting = asyncio.Event().wait()
        waiting.send(None)
        waiting.close()

    (found,) = recorded(main)
    assert (found.error, found.end_ns >= found.start_ns) == (None, True)


def test_waits_of_libraries_alone_are_left_out():
    library = """
async def worker(event):
    while True:
        await event.wait()
        event.clear()
"""
    names = {}
    exec(compile(library, f"{sys.prefix}/site-packages/library.py", "exec"), names)

    async def main():
        event = asyncio.Event()
        task = asyncio.create_task(names["worker"](event))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert recorded(main) == []


@pytest.mark.parametrize("kind", ["query", "request", "wait"])
def test_what_accounts_for_its_own_time_has_no_waits_inside(kind):
    async def main():
        opened = enter(kind, "outer", {}, None)
        await asyncio.sleep(SHORT_S)
        leave(opened)

    assert [span.name for span in recorded(main)] == ["outer"]


def test_they_still_are_coroutine_functions():
    for function in (asyncio.sleep, asyncio.Lock.acquire, asyncio.Queue().get):
        assert (
            asyncio.iscoroutinefunction.__wrapped__(function) if False else _is_coroutine_function(function)
        )
    assert str(inspect.signature(asyncio.sleep)) == "(delay, result=None)"


def _is_coroutine_function(function):
    if sys.version_info >= (3, 12):
        return inspect.iscoroutinefunction(function)
    return asyncio.iscoroutinefunction(function)


def test_a_simulation_is_left_alone():
    async def main():
        with Recording() as rec:
            lock = asyncio.Lock()

            async def work():
                async with lock:
                    await asyncio.sleep(1)
                    time.sleep(1)

            await asyncio.gather(work(), work())
        return rec.trace

    with Recording() as outer:
        trace = sim.run(main)
    assert [(span.kind, span.name) for span in trace.spans] == [("wait", "time.sleep")] * 2  # its own doing
    assert outer.trace.spans == []
    assert trace.duration_ns == 4_000_000_000


def test_the_report_of_a_deadlock_is_the_same():
    async def main():
        with Recording():
            await asyncio.Event().wait()

    def report():
        with pytest.raises(DeadlockError) as caught:
            sim.run(main)
        return str(caught.value)

    watched = report()
    probe.remove()
    assert report() == watched
    assert re.search(r"asyncio/locks.py:\d+ in wait, from tests/probes/test_asyncio.py:\d+ in main", watched)


def test_another_clock_is_not_read(monkeypatch):
    monkeypatch.setattr(asyncio_steps, "THRESHOLD_NS", 1_000_000)
    ticks = iter(range(100))

    async def main():
        await asyncio.sleep(SHORT_S)
        time.sleep(SHORT_S)

    assert recorded(main, clock=Clock("virtual", ticks.__next__)) == []
    assert next(ticks) == 2


def test_a_stand_in_for_sleep_is_left_alone():
    probe.remove()
    with mock.patch("asyncio.sleep") as stand_in:
        probe.install()
        assert asyncio.sleep is stand_in
        probe.remove()
        assert asyncio.sleep is stand_in


def test_installing_is_idempotent_and_reversible():
    def seen():
        names = (
            "Lock.acquire",
            "Semaphore.acquire",
            "Condition.wait",
            "Event.wait",
            "Queue.get",
        )
        methods = [
            getattr(getattr(asyncio, kind), name) for kind, _, name in (n.partition(".") for n in names)
        ]
        return [*methods, asyncio.Queue.put, asyncio.Handle._run, asyncio.sleep, asyncio.tasks.sleep]

    watched = seen()
    probe.install()
    assert seen() == watched
    probe.remove()
    plain = seen()
    assert [function.__wrapped__ for function in watched] == plain
    probe.remove()
    assert seen() == plain
