import concurrent.futures
import contextlib
import inspect
import multiprocessing.pool
import pickle
import queue
import subprocess
import sys
import textwrap
import threading
import time
from unittest import mock

import greenlet
import pytest

import perfkit
from perfkit.probes import threading as probe
from perfkit.tracing import Clock, Recording, enter, leave

SHORT_S = 0.005


@pytest.fixture(autouse=True)
def _installed():
    perfkit.uninstrument()
    probe.install()
    yield
    probe.remove()


def recorded(main, **options):
    with Recording(**options) as rec:
        main()
    return rec.trace.spans


def line():
    return inspect.currentframe().f_back.f_lineno


def sleeping_thread():
    thread = threading.Thread(target=probe_free_sleep, daemon=True)
    thread.start()
    return thread


def probe_free_sleep():
    time.sleep.__wrapped__(10 * SHORT_S)


def full_queue():
    found = queue.Queue(1)
    found.put(1)
    return found


def wait_in_a_condition():
    condition = threading.Condition()
    with condition:
        condition.wait(SHORT_S)


def wait_for_in_a_condition():
    condition = threading.Condition()
    with condition:
        condition.wait_for(lambda: False, SHORT_S)


def map_slowly():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        next(pool.map(lambda _: probe_free_sleep(), [1]))


def ask_a_pool():
    with multiprocessing.pool.ThreadPool(1) as pool:
        pool.apply_async(probe_free_sleep).get()


WAITS = {
    "time.sleep": lambda: time.sleep(SHORT_S),
    "threading.Event.wait": lambda: threading.Event().wait(SHORT_S),
    "threading.Condition.wait": wait_in_a_condition,
    "threading.Condition.wait_for": wait_for_in_a_condition,
    "threading.Semaphore.acquire": lambda: threading.Semaphore(0).acquire(timeout=SHORT_S),
    "threading.Barrier.wait": lambda: threading.Barrier(2).wait(SHORT_S),
    "threading.Thread.join": lambda: sleeping_thread().join(SHORT_S),
    "queue.Queue.get": lambda: queue.LifoQueue().get(timeout=SHORT_S),
    "queue.Queue.put": lambda: full_queue().put(2, timeout=SHORT_S),
    "concurrent.futures.Future.result": lambda: concurrent.futures.Future().result(SHORT_S),
    "concurrent.futures.wait": lambda: concurrent.futures.wait([concurrent.futures.Future()], SHORT_S),
    "concurrent.futures.as_completed": lambda: next(
        concurrent.futures.as_completed([concurrent.futures.Future()], SHORT_S)
    ),
    "concurrent.futures.Executor.map": map_slowly,
    "multiprocessing.pool.ApplyResult.get": ask_a_pool,
}


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_bears_the_name_of_what_was_called(name):
    def main():
        with contextlib.suppress(TimeoutError, queue.Empty, queue.Full, threading.BrokenBarrierError):
            WAITS[name]()

    first = recorded(main)[0]
    assert (first.kind, first.name, first.attrs) == ("wait", name, {"library": "threading"})
    assert first.error is None
    assert first.site.file == "tests/probes/test_threading.py"
    assert "main" in [frame.function.rpartition(".")[2] for frame in first.path]


def test_the_line_and_the_place_of_a_wait():
    def worker(got):
        got.wait(SHORT_S)
        worker.line = line() - 1

    def main():
        with perfkit.span("page"):
            thread = threading.Thread(target=worker, args=(threading.Event(),))
            thread.start()
            thread.join()
            main.line = line() - 1

    spans = {span.name: span for span in recorded(main)}
    page, joined, waited = (spans[name] for name in ("page", "threading.Thread.join", "threading.Event.wait"))
    assert (waited.site.line, waited.path[-1].function) == (worker.line, waited.site.function)
    assert joined.site.line == main.line
    assert (joined.parent, waited.parent) == (page.id, page.id)
    assert (joined.thread, waited.thread) == (page.thread, 2)
    assert waited.start_ns < joined.end_ns


def test_what_does_not_wait_makes_no_span():
    def main():
        ready = threading.Event()
        ready.set()
        ready.wait()
        threading.Event().wait(0)
        threading.Semaphore().acquire()
        full_queue().get()
        queue.Queue().put(1)
        done = concurrent.futures.Future()
        done.set_result(1)
        done.result()
        time.sleep(0)
        thread = threading.Thread(target=int)
        thread.start()
        while thread.is_alive():
            probe_free_sleep()
        thread.join()
        thread.join(0)

    assert recorded(main) == []


def test_errors_pass_untouched():
    def main():
        with pytest.raises(RuntimeError, match="un-acquired lock"):
            threading.Condition().wait()
        with pytest.raises(RuntimeError, match="current thread"):
            threading.current_thread().join()
        with pytest.raises(RuntimeError, match="before it is started"):
            threading.Thread().join()
        with pytest.raises(ValueError, match="non-negative"):
            time.sleep(-1)
        with pytest.raises(TypeError):
            time.sleep("1")
        with pytest.raises(TypeError):
            time.sleep(seconds=1)

    assert [span.error for span in recorded(main)] == ["RuntimeError", "RuntimeError"]


@pytest.mark.parametrize("kind", sorted(probe.NOT_WITHIN))
def test_what_accounts_for_its_own_time_has_no_waits_inside(kind):
    def main():
        opened = enter(kind, "outer", {}, None)
        time.sleep(SHORT_S)
        threading.Event().wait(SHORT_S)
        leave(opened)
        time.sleep(SHORT_S)

    assert [span.name for span in recorded(main)] == ["outer", "time.sleep"]


def test_idle_threads_of_libraries_are_left_out():
    def main():
        idle = threading.Thread(target=threading.Event().wait, args=(SHORT_S,))
        idle.start()
        with multiprocessing.pool.ThreadPool(1), concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(int)
        while idle.is_alive():
            probe_free_sleep()

    spans = recorded(main, whole_process=True)
    assert {span.site.function.rpartition(".")[2] for span in spans} <= {"main"}
    assert {span.thread for span in spans} <= {1}


def test_nothing_is_recorded_without_a_recording_or_on_another_clock():
    time.sleep(SHORT_S)
    threading.Event().wait(SHORT_S)
    ticks = iter(range(100))
    assert recorded(lambda: time.sleep(SHORT_S), clock=Clock("virtual", ticks.__next__)) == []
    assert next(ticks) == 2


def test_sleep_looks_as_before():
    plain = time.sleep.__wrapped__

    class Holder:
        sleep = time.sleep

    assert recorded(lambda: Holder().sleep(SHORT_S))[0].name == "time.sleep"
    assert pickle.loads(pickle.dumps(time.sleep)) is time.sleep
    assert (time.sleep.__name__, time.sleep.__doc__) == (plain.__name__, plain.__doc__)
    assert (time.sleep.__module__, time.sleep.__qualname__) == ("time", "sleep")
    assert repr(time.sleep) == repr(plain)


def test_a_stand_in_for_sleep_is_left_alone():
    probe.remove()
    with mock.patch("time.sleep") as stand_in:
        probe.install()
        assert time.sleep is stand_in
        probe.remove()
        assert time.sleep is stand_in
    probe.install()
    assert isinstance(time.sleep, probe.Sleep)


def test_installing_is_idempotent_and_reversible():
    def seen():
        return [time.sleep, threading.Condition.wait, threading.Thread.join]

    watched = seen()
    probe.install()
    assert seen() == watched
    probe.remove()
    plain = seen()
    assert [function.__wrapped__ for function in watched] == plain
    assert type(time.sleep) is type(len)
    probe.remove()
    assert seen() == plain
    watched[0](0)


IN_A_SIMULATION = """
    import time
    from perfkit.probes import threading as probe
    {first}
    {second}
    from time import sleep
    from perfkit.tracing import Recording
    from perfkit.sim import run

    async def main():
        with Recording() as rec:
            time.sleep(3600)
            sleep(3600)
        assert rec.trace.spans == [] and rec.trace.duration_ns == 7200 * 10**9

    with Recording() as outer:
        run(main)
        assert time.sleep is probe._time.sleep and isinstance(time.sleep, probe.Sleep)
        time.sleep(0.001)
    assert outer.trace.spans == []  # a script on the command line has no file whose lines could be told
    {last}
    run(main)
"""


@pytest.mark.parametrize(
    ("first", "second", "last"),
    [
        ("import perfkit.sim", "probe.install()", "probe.remove()"),
        ("import perfkit.sim", "probe.install()", "probe.install()"),
        ("probe.install()", "import perfkit.sim", "probe.install()"),
    ],
)
def test_a_simulation_sleeps_as_without_the_probe(first, second, last):
    script = textwrap.dedent(IN_A_SIMULATION).format(first=first, second=second, last=last)
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)


def test_installing_within_a_simulation_leaves_its_sleep_alone():
    script = """
    import threading, time
    from perfkit.probes import threading as probe
    from perfkit.sim import run

    async def main():
        simulated = time.sleep
        probe.install()
        assert time.sleep is simulated
        time.sleep(3600)

    plain = time.sleep
    run(main)
    assert time.sleep is plain
    probe.install()
    assert time.sleep.__wrapped__ is plain
    run(main)
    probe.remove()
    assert time.sleep is plain
    """
    subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(script)], check=True, timeout=60)


def test_other_threads_sleep_really_while_a_simulation_runs():
    script = """
    import threading, time
    from perfkit.probes import threading as probe
    {first}
    {second}
    from perfkit.sim import run

    async def main():
        before = time.perf_counter_ns()
        thread = threading.Thread(target=time.sleep, args=(0.001,))
        thread.start()
        thread.join()
        assert time.perf_counter_ns() == before

    run(main)
    """
    for first, second in (
        ("import perfkit.sim", "probe.install()"),
        ("probe.install()", "import perfkit.sim"),
    ):
        code = textwrap.dedent(script).format(first=first, second=second)
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_what_no_python_code_called_waits_all_the_same():
    thread = sleeping_thread()
    spans = recorded(lambda: greenlet.greenlet(thread.join).switch(SHORT_S))
    assert [(span.name, span.site.function) for span in spans] == [
        ("threading.Thread.join", "test_what_no_python_code_called_waits_all_the_same.<lambda>")
    ]
