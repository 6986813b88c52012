import asyncio
import contextlib
import hashlib
import inspect
import json
import re
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from unittest import mock

import pytest

import perfkit
from perfkit import sim
from perfkit.errors import DeadlockError
from perfkit.probes import asyncio as probe
from perfkit.tracing import Clock, Recording, enter, leave

SHORT_S = 0.005
HELD_S = 0.12


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    monkeypatch.setattr(probe, "THRESHOLD_NS", 60_000_000_000)
    perfkit.uninstrument()
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def watchful(monkeypatch):
    """For the tests of what holds the loop up; the others shall not see that the machine is slow."""
    monkeypatch.setattr(probe, "THRESHOLD_NS", 40_000_000)


def recorded(main, **options):
    """The spans of ``main()``, awaited in a loop of its own."""

    async def whole():
        with Recording(**options) as rec:
            await asyncio.sleep(0)  # steps are watched whole
            await main()
            await asyncio.sleep(0)
        return rec.trace.spans

    return asyncio.run(whole())


def line():
    return inspect.currentframe().f_back.f_lineno


def hold():
    time.sleep(HELD_S)


# Waiting


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


# Holding the loop up


def test_the_line_that_held_the_loop_up(watchful):
    async def main():
        with perfkit.span("page"):
            await asyncio.sleep(0)
            time.sleep(HELD_S)
            main.line = line() - 1
            await asyncio.sleep(0)

    page, held = recorded(main)
    assert (held.kind, held.error) == ("blocked", None)
    assert (held.site.file, held.site.line) == ("tests/probes/test_asyncio.py", main.line)
    assert held.name == f"event loop held by {held.site}"
    facts = {"threshold_ns": probe.THRESHOLD_NS, "call": "time.sleep", "inside": "", "waiting": 0}
    assert held.attrs == {**facts, "library": "asyncio"}
    assert held.duration_ns >= HELD_S * 1e9
    assert held.parent == page.id
    assert (held.task, held.thread) == (page.task, page.thread) == (1, 1)
    assert page.start_ns <= held.start_ns
    assert held.end_ns <= page.end_ns


def test_a_span_that_began_in_the_step_is_not_its_parent(watchful):
    async def main():
        with perfkit.span("page"):
            time.sleep(HELD_S)
            await asyncio.sleep(0)

    held, page = recorded(main)
    assert (held.kind, held.parent, page.parent) == ("blocked", None, None)
    assert held.start_ns <= page.start_ns


def test_a_callback_that_held_the_loop_up(watchful):
    async def main():
        asyncio.get_running_loop().call_soon(hold)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    (held,) = recorded(main)
    assert held.name.endswith(" in hold")
    assert (held.task, held.attrs["call"]) == (0, "time.sleep")
    assert [frame.function for frame in held.path] == ["hold"]


def test_a_line_that_computes(watchful):
    async def main():
        await asyncio.sleep(0)
        until = time.perf_counter() + HELD_S
        main.line = line() + 2
        while time.perf_counter() < until:
            sum(range(100_000))
        await asyncio.sleep(0)

    (held,) = recorded(main)
    assert held.site.line in (main.line - 1, main.line)
    assert held.attrs["call"] in ("sum", "range", "time.perf_counter", "")


def test_a_step_without_a_line_of_the_application(watchful):
    async def main():
        asyncio.get_running_loop().call_soon(time.sleep, HELD_S)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    (held,) = recorded(main)
    assert (held.name, held.path, held.attrs["call"]) == ("event loop held by sleep", (), "")


def test_a_step_that_the_watchdog_had_no_chance_to_see(watchful, monkeypatch):
    async def main():
        await asyncio.sleep(0)
        hold()
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(hold)
        await asyncio.sleep(0)

    monkeypatch.setattr(probe, "_look", lambda watch: None)
    first, second = recorded(main)
    assert first.name == "event loop held by recorded.whole"
    assert (first.task, first.path) == (1, ())
    assert (second.name, second.task) == ("event loop held by hold", 0)
    assert min(first.duration_ns, second.duration_ns) >= HELD_S * 1e9


@pytest.mark.parametrize(
    ("expression", "called"),
    [
        ("sleep(1)", "sleep"),
        ("time.sleep(HELD_S)", "time.sleep"),
        ("self.client.get(f'/{key}', ')')", "self.client.get"),
        ("connect(host)\n    .execute(sql)", "execute"),
        ("pages[0].render()", "render"),
        ("sum(range(9))", "sum"),
        ("f(1) + g(2)", ""),
        ("(lambda: 1)()", ""),
        ("name", ""),
        ("'text(1)'", ""),
        (r"re.sub('\d', '', text)", "re.sub"),
        ("await response.json()", "response.json"),
    ],
)
def test_the_name_of_what_is_called(expression, called):
    assert probe._callee(expression) == called


ROWS = [{"id": n, "name": "x" * 20, "tags": ["a", "b"]} for n in range(60_000)]


@pytest.mark.parametrize(
    ("call", "inside"),
    [("json.dumps", "json.encoder.JSONEncoder.iterencode"), ("sorted", ""), ("hashlib.pbkdf2_hmac", "")],
)
def test_what_ran_inside_the_line_also_where_it_let_no_other_thread_run(watchful, call, inside):
    async def main():
        await asyncio.sleep(0)
        if call == "json.dumps":
            json.dumps(ROWS * 2)
        elif call == "sorted":
            sorted(numbers)
        else:
            hashlib.pbkdf2_hmac("sha256", b"x", b"y", 400_000)

    numbers = [n * 7919 % 1_000_003 for n in range(1_000_000)]
    (held,) = recorded(main)
    assert (held.attrs["call"], held.attrs["inside"]) == (call, inside)
    assert held.site.function.endswith("main")


def test_a_finalizer_is_not_what_runs_inside():
    class Late:
        def __del__(self):
            late.append(probe._inside(sys._getframe()))

    late = []
    json.loads('{"a": 1}', object_hook=lambda found: Late() and None)
    assert late == [""]
    frame = None

    def hook(found):
        nonlocal frame
        frame = probe._inside(sys._getframe(1))

    json.loads('{"a": 1}', object_hook=hook)
    assert frame == "json.decoder.JSONDecoder.raw_decode"


def test_how_many_others_were_ready(watchful):
    async def main():
        await asyncio.sleep(0)
        others = [asyncio.create_task(asyncio.sleep(0)) for _ in range(3)]
        hold()
        await asyncio.gather(*others)

    (held,) = recorded(main)
    assert held.attrs["waiting"] == 3


def test_steps_one_after_another_and_quick_ones(watchful):
    async def main():
        for number in range(3):
            await asyncio.sleep(0)
            if number != 1:
                hold()

    spans = recorded(main)
    assert [span.site.function for span in spans] == ["hold", "hold"]
    assert spans[0].end_ns <= spans[1].start_ns
    assert sum(span.duration_ns for span in spans) >= 2 * HELD_S * 1e9


def test_a_recording_that_begins_in_the_step(watchful):
    async def main():
        rec = perfkit.record(probes=("asyncio",))
        with rec:
            hold()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return rec.trace

    probe.remove()
    for _ in range(2):  # with the probe not there when the step begins, and with it
        trace = asyncio.run(main())
        (held,) = trace.spans
        assert (held.kind, held.error) == ("blocked", None)
        assert held.site.function in ("hold", "main")  # what is around it may take long on a busy machine
        assert held.task == 1
        assert trace.start_ns <= held.start_ns
        assert held.end_ns < trace.end_ns


def test_a_recording_that_ends_in_the_step(watchful):
    async def main():
        with perfkit.record(probes=("asyncio",)) as rec:
            await asyncio.sleep(0)
            hold()
        return rec

    (held,) = asyncio.run(main()).trace.spans
    assert (held.site.function, held.error) == ("hold", "unfinished")


def test_nested_recordings_both_have_it(watchful):
    async def main():
        with Recording() as outer:
            await asyncio.sleep(0)
            with Recording() as inner:
                await asyncio.sleep(0)
                hold()
                await asyncio.sleep(0)
        return outer.trace.spans, inner.trace.spans

    outer, inner = asyncio.run(main())
    assert [span.kind for span in outer] == [span.kind for span in inner] == ["blocked"]


def test_two_loops_in_two_threads(watchful):
    async def work():
        with perfkit.span("work"):
            await asyncio.sleep(0)
            hold()
            await asyncio.sleep(0)

    async def main():
        await asyncio.gather(asyncio.to_thread(asyncio.run, work()), work())

    spans = recorded(main)
    works = {span.id: span for span in spans if span.name == "work"}
    held = [span for span in spans if span.kind == "blocked"]
    assert {span.thread for span in held} == {span.thread for span in works.values()} == {1, 2}
    assert [(span.thread, span.task) for span in held] == [
        (works[span.parent].thread, works[span.parent].task) for span in held
    ]


def test_what_others_do_is_not_recorded(watchful):
    async def main():
        with Recording() as rec:
            release = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(release.wait(), SHORT_S)
            unseen.set_result(None)
            await done
        return rec.trace.spans

    async def stranger():
        await unseen
        hold()
        done.set_result(None)

    async def whole():
        global unseen, done
        unseen, done = (asyncio.get_running_loop().create_future() for _ in range(2))
        task = asyncio.create_task(stranger())
        await asyncio.sleep(0)
        spans = await main()
        await task
        return spans

    assert [span.kind for span in asyncio.run(whole())] == ["wait"]


def watchdogs():
    return list(probe._watchdogs)


def test_the_watchdog_lives_as_long_as_a_recording_and_is_no_thread_of_the_programs():
    async def main():
        await asyncio.sleep(SHORT_S)
        assert threading.enumerate() == before
        return watchdogs()

    before = threading.enumerate()
    assert asyncio.run(main()) == []
    with Recording():
        (watchdog,) = asyncio.run(main())
        assert asyncio.run(main()) == [watchdog]
    until = time.monotonic() + 60
    while watchdogs() and time.monotonic() < until:
        time.sleep(SHORT_S)
    assert watchdogs() == []
    with Recording():
        assert len(asyncio.run(main())) == 1


def test_a_program_ends_while_its_loop_is_watched():
    script = """
    import asyncio, os, sys
    import perfkit

    async def main():
        rec = perfkit.record()
        rec.__enter__()
        await asyncio.sleep(0.001)
        sys.exit(7)

    asyncio.run(main())
    """
    code = textwrap.dedent(script)
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], timeout=60).returncode == 7


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork on this system")
def test_a_forked_child_watches_anew():
    script = """
    import asyncio, os, time
    from perfkit.probes import asyncio as probe
    from perfkit.tracing import Recording

    probe.install()

    async def main():
        await asyncio.sleep(0)
        time.sleep(0.1)
        await asyncio.sleep(0)

    with Recording() as rec:
        asyncio.run(main())
        probe._changing.acquire()  # as if the watchdog held it at that moment
        child = os.fork()
        if child:
            probe._changing.release()
        asyncio.run(main())
    assert len(rec.trace.of_kind("blocked")) == 2
    if not child:
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)


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


def test_another_clock_is_not_read():
    ticks = iter(range(100))

    async def main():
        await asyncio.sleep(SHORT_S)
        hold()

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
