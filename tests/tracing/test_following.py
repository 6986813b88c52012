import asyncio
import concurrent.futures
import contextvars
import functools
import gc
import inspect
import itertools
import sqlite3
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

import perfkit
from perfkit.tracing import Clock, Recording, carry, here, span, trace

from .test_async import tree


def work(name="work"):
    with span(name):
        return threading.current_thread()


def run(*threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Overridden(threading.Thread):
    def run(self):
        work("overridden")


class NotCalled(threading.Thread):
    """Keeps no target, and starts a thread of its own."""

    def __init__(self):
        super().__init__(daemon=True)

    def run(self):
        with span("outer thread"):
            run(threading.Thread(target=work, args=("nested",)))


def test_threads_of_every_kind_lie_below_who_started_them():
    with Recording() as recording, span("root"):
        run(threading.Thread(target=work, args=("plain",)))
        run(Overridden())
        run(NotCalled())
        run(threading.Timer(0.001, work, args=("timer",)))
    assert tree(recording) == [
        ("root", None),
        ("plain", "root"),
        ("overridden", "root"),
        ("outer thread", "root"),
        ("nested", "outer thread"),
        ("timer", "root"),
    ]


def test_threads_one_after_the_other_are_different_threads():
    """The system gives the second the number of the first, whose processor time is none of its own."""

    def count(n):
        with span("count"):
            return sum(range(n))

    idents = []
    with Recording() as recording:
        for _ in range(3):
            thread = threading.Thread(target=count, args=(300_000,))
            run(thread)
            idents.append(thread.ident)
    spans = recording.trace.spans
    assert [s.thread for s in spans] == [2, 3, 4] if len(spans) == 4 else [1, 2, 3]
    assert all(s.cpu_ns > 0 for s in spans)
    assert recording.trace.cpu_ns >= sum(s.cpu_ns for s in spans)
    if len(set(idents)) == 3:
        pytest.skip("this system gave each thread a number of its own")


def test_a_pools_threads_take_each_call_where_it_was_submitted():
    with ThreadPoolExecutor(1) as pool, Recording() as recording:
        with span("submit"):
            first = pool.submit(work, "submitted").result()
        with span("map"):
            assert list(pool.map(work, ["a", "b"])) == [first] * 2
        pool.submit(work, "no span").result()
    assert tree(recording) == [
        ("submit", None),
        ("submitted", "submit"),
        ("map", None),
        ("a", "map"),
        ("b", "map"),
        ("no span", None),
    ]


def test_a_pool_does_not_mix_recordings():
    with ThreadPoolExecutor(1) as pool:
        with Recording() as first:
            pool.submit(work, "first").result()
        pool.submit(work, "nobody's").result()
        with Recording() as second:
            pool.submit(work, "second").result()
            threading.Thread(target=lambda: pool.submit(work, "from a thread").result()).start()
            pool.submit(time.sleep, 0.01).result()
    assert [s.name for s in first.trace.spans] == ["first"]
    assert [s.name for s in second.trace.spans] == ["second", "from a thread"]


def test_a_pool_whose_submit_is_overridden():
    class Pool(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            return super().submit(trace("outer")(fn), *args, **kwargs)

    with Recording() as recording, Pool(1) as pool, span("root"):
        assert pool.submit(work, name="inner").result()
    assert tree(recording) == [("root", None), ("outer", "root"), ("inner", "outer")]


def test_a_library_imported_while_recording():
    code = """
from perfkit.tracing import Recording, span
import sys
with Recording() as recording:
    assert "concurrent.futures.thread" not in sys.modules
    from concurrent.futures import ThreadPoolExecutor
    def work(name):
        with span(name):
            pass
    with ThreadPoolExecutor(1) as pool:
        with span("first"):
            pool.submit(work, "a").result()
        with span("second"):
            pool.submit(work, "b").result()
print([(s.name, s.parent) for s in recording.trace.spans])
"""
    answer = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert answer.stderr == ""
    assert answer.stdout == "[('first', None), ('a', 1), ('second', None), ('b', 3)]\n"


def test_everything_is_put_back_by_identity():
    owners = (
        (threading.Thread, "start"),
        (threading.Thread, "_bootstrap_inner"),
        (concurrent.futures.ThreadPoolExecutor, "submit"),
        (asyncio.BaseEventLoop, "create_task"),
    )

    def now():
        return [getattr(owner, name) for owner, name in owners]

    before = now()
    with Recording(), Recording():
        assert all(new is not old for new, old in zip(now(), before, strict=True))
        during = now()
        outlasting = Recording().__enter__()
        assert now() == during
    assert now() == during
    outlasting.__exit__(None, None, None)
    assert now() == before


def test_what_somebody_else_replaced_meanwhile_stays(monkeypatch):
    calls = []
    original = threading.Thread.start
    with Recording():
        followed = threading.Thread.start

        def start(self):
            calls.append(self.name)
            followed(self)

        threading.Thread.start = start
    try:
        assert threading.Thread.start is start
        with Recording() as recording, span("root"):
            run(threading.Thread(target=work, name="t"))
        assert threading.Thread.start is start
        assert tree(recording) == [("root", None), ("work", "root")]
        assert calls == ["t"]
        threading.Thread.start = followed
    finally:
        with Recording():
            pass
    assert threading.Thread.start is original


def test_the_programs_own_context_variables_are_what_they_were():
    own = contextvars.ContextVar("own", default="default")
    own.set("main")

    def seen():
        before = own.get()
        own.set("thread")
        return before

    def in_pool(pool):
        return [pool.submit(seen).result() for _ in range(2)]

    def in_thread():
        found = []
        run(threading.Thread(target=lambda: found.append(seen())))
        return found

    with ThreadPoolExecutor(1) as plain, ThreadPoolExecutor(1) as recorded:
        without = in_pool(plain), in_thread()
        with Recording():
            assert (in_pool(recorded), in_thread()) == without
        assert recorded.submit(own.get).result() == plain.submit(own.get).result() == "thread"


def test_a_thread_that_outlives_its_recording():
    gate, inside = threading.Event(), threading.Event()

    @trace("decorated")
    def decorated():
        with span("block"):
            inside.set()
            gate.wait(5)
            with span("too late"):
                pass
            raise KeyError

    def guarded():
        with pytest.raises(KeyError):
            decorated()

    thread = threading.Thread(target=guarded)
    with Recording() as recording:
        thread.start()
        inside.wait(5)
    gate.set()
    thread.join()
    spans = recording.trace.spans
    assert [(s.name, s.error, s.end_ns - recording.trace.end_ns) for s in spans] == [
        ("decorated", "unfinished", 0),
        ("block", "unfinished", 0),
    ]


def test_a_thread_started_between_two_items_is_not_the_generators():
    go_on, ready = threading.Event(), threading.Event()

    def late():
        ready.set()
        go_on.wait(5)
        with span("thread"):
            pass

    def numbers():
        with span("generator"):
            yield
            go_on.set()  # the thread's span opens while this goes on
            thread.join()

    thread = threading.Thread(target=late)
    pooled = []
    with Recording() as recording, ThreadPoolExecutor(1) as pool, span("root"):
        source = numbers()
        next(source)
        thread.start()
        pooled.append(pool.submit(late))
        ready.wait(5)
        next(source, None)
        pooled[0].result()
    assert sorted(tree(recording)[2:]) == [("thread", "root"), ("thread", "root")]


def test_carry():
    def function():
        """Doc."""
        with span("carried"):
            return here().name

    assert carry(function) is function
    with Recording() as recording:
        with span("root"):
            carried = carry(function)
        assert (carried.__name__, carried.__doc__) == ("function", "Doc.")
        with span("elsewhere"):
            assert carried() == "carried"
            assert here().name == "elsewhere"
        in_root = carry(lambda: here().kind)
    # "root" has ended when it runs
    assert tree(recording) == [("root", None), ("elsewhere", None), ("carried", None)]
    assert carried() == "carried" if here() else True
    del in_root


def test_carry_takes_nothing_along_where_nothing_is_recorded():
    carried, ready = [], threading.Event()

    def make():  # a thread from before the recording knows of none
        ready.wait(5)
        carried.append(carry(work))

    maker = threading.Thread(target=make)
    maker.start()
    with Recording() as recording:
        ready.set()
        maker.join()
        carried[0]("nobody's")
    assert recording.trace.spans == []


def test_a_whole_process_is_followed_without_its_knowledge():
    started = threading.Event()

    def waiting():
        started.wait(5)
        work("from before")

    before = threading.Thread(target=waiting)
    before.start()
    with Recording(whole_process=True) as recording:
        with span("root"):
            started.set()
            before.join()
        with Recording() as inner, span("inner"):
            pass
        assert [s.name for s in recording.trace.spans] == ["root", "from before", "inner"]
        assert [s.name for s in inner.trace.spans] == ["inner"]
    assert tree(recording) == [("root", None), ("from before", None), ("inner", None)]
    work("afterwards")
    assert len(recording.trace.spans) == 3


def test_threads_and_errors_are_let_go():
    class FailureError(Exception):
        pass

    alive = []

    def fails():
        try:
            with span("fails"):
                raise FailureError
        except FailureError as error:
            alive.append(weakref.ref(error))

    with Recording() as recording, ThreadPoolExecutor(1) as pool:
        for kind in (threading.Thread(target=fails), Overridden()):
            alive.append(weakref.ref(kind))
            run(kind)
        del kind
        future = pool.submit(fails)
        future.result()
        alive.append(weakref.ref(future))
        del future
        pool.submit(int).result()
        gc.collect()
        assert [ref() for ref in alive] == [None] * len(alive)
        assert len(recording.places) <= 2
    assert recording.counts["span"] == 3


@pytest.mark.parametrize("pooled", [False, True])
def test_a_recording_is_let_go_while_a_thread_that_it_started_lives_on(pooled):
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with Recording(clock=Clock("virtual", itertools.count().__next__)) as recording, span("root"):
            if pooled:
                pool.submit(work).result()
            else:
                thread = threading.Thread(target=lambda: (work(), go_on.wait(5)))
                thread.start()
        alive = weakref.ref(recording)
        try:
            assert recording.counts["span"] >= 1
            del recording
            gc.collect()
            assert alive() is None
        finally:
            go_on.set()
            if not pooled:
                thread.join()


def test_a_thread_that_cannot_start_says_so_itself():
    thread = threading.Thread(target=work)
    with Recording() as recording:
        run(thread)
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        assert not [name for name in vars(thread) if "perfkit" in name]
    assert recording.counts["span"] == 1


def test_errors_in_a_pool_are_the_same_objects():
    error = KeyError("x")

    def fails():
        raise error

    with ThreadPoolExecutor(1) as pool, Recording():
        assert pool.submit(fails).exception() is error


def test_recordings_in_many_threads_at_once():
    wrong, interval = [], sys.getswitchinterval()

    def unit(name):
        with span(name), span(f"{name} inside"):
            pass

    async def tasks():
        async def one(name):
            unit(name)
            await asyncio.sleep(0)

        await asyncio.gather(one("task a"), one("task b"))

    def one_after_the_other(pool):
        for _ in range(8):
            with Recording() as recording, span("root"):
                thread = threading.Thread(target=unit, args=("thread",))
                thread.start()
                pool.submit(unit, "pooled").result()
                asyncio.run(tasks())
                thread.join()
            names = ("thread", "pooled", "task a", "task b")
            expected = [(name, "root") for name in names] + [(f"{name} inside", name) for name in names]
            found = tree(recording)
            if sorted(found[1:]) != sorted(expected) or found[0] != ("root", None):
                wrong.append(found)

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            run(*(threading.Thread(target=one_after_the_other, args=(pool,)) for _ in range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert threading.Thread.start.__module__ == "threading"
    assert not hasattr(threading.Thread.start, "__wrapped__")


def test_of_nested_recordings_of_the_whole_process_the_outer_one_goes_on():
    def work():
        with span("in a thread from before"):
            pass

    may_go = threading.Event()
    thread = threading.Thread(target=lambda: (may_go.wait(), work()))
    thread.start()
    with Recording(whole_process=True) as outer:
        with Recording(whole_process=True):
            pass
        may_go.set()
        thread.join()
    assert outer.counts["span"] == 1


def test_a_job_of_a_library_has_the_lines_that_gave_it_to_the_pool(tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        connect = functools.partial(sqlite3.connect, check_same_thread=False)
        return await loop.run_in_executor(None, connect, tmp_path / "b.db")

    with perfkit.record(probes="sqlite3") as rec, ThreadPoolExecutor(1) as pool:
        at = inspect.currentframe().f_lineno + 1
        pool.submit(sqlite3.connect, tmp_path / "a.db", check_same_thread=False).result().close()
        asyncio.run(main()).close()
        pool.submit(time.time).result()
    by_pool, by_loop = rec.trace.of_kind("connect")
    assert by_pool.site.line == at
    assert by_loop.site.function.endswith("main")
