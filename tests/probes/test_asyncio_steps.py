import asyncio
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import unittest.mock
from pathlib import Path

import pytest

import perfkit
from perfkit.probes import asyncio as probe
from perfkit.probes import asyncio_steps
from perfkit.probes.asyncio_stacks import callee, inside, is_after
from perfkit.tracing import Recording
from tests.probes.loops import installed, line, recorded, recorded_and_seen

SHORT_S = 0.005
HELD_S = 0.25  # on a machine that is busy with two other test suites the watchdog looks 0.1 s late


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    yield from installed(monkeypatch, 40_000_000)


def hold():
    time.sleep(HELD_S)


def test_the_line_that_held_the_loop_up():
    async def main():
        with perfkit.span("page"):
            await asyncio.sleep(0)
            time.sleep(HELD_S)
            main.line = line() - 1
            await asyncio.sleep(0)

    page, held = recorded(main)
    assert (held.kind, held.error) == ("blocked", None)
    assert (held.site.file, held.site.line) == ("tests/probes/test_asyncio_steps.py", main.line)
    assert held.name == f"event loop held by {held.site}"
    facts = {"threshold_ns": asyncio_steps.THRESHOLD_NS, "call": "time.sleep", "inside": "", "waiting": 0}
    assert {**held.attrs, "delayed_ns": 0} == {**facts, "library": "asyncio", "delayed_ns": 0}
    assert held.duration_ns >= HELD_S * 1e9
    assert held.parent == page.id
    assert (held.task, held.thread) == (page.task, page.thread) == (1, 1)
    assert page.start_ns <= held.start_ns
    assert held.end_ns <= page.end_ns


def test_a_span_that_began_in_the_step_is_not_its_parent():
    async def main():
        with perfkit.span("page"):
            time.sleep(HELD_S)
            await asyncio.sleep(0)

    held, page = recorded(main)
    assert (held.kind, held.parent, page.parent) == ("blocked", None, None)
    assert held.start_ns <= page.start_ns


def test_a_callback_that_held_the_loop_up():
    async def main():
        asyncio.get_running_loop().call_soon(hold)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    (held,) = recorded(main)
    assert held.name.endswith(" in hold")
    assert (held.task, held.attrs["call"]) == (0, "time.sleep")
    assert [frame.function for frame in held.path] == ["hold"]


def test_a_line_that_computes():
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


def test_a_step_without_a_line_of_the_application():
    async def main():
        asyncio.get_running_loop().call_soon(time.sleep, HELD_S)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    (held,) = recorded(main)
    assert (held.name, held.path, held.attrs["call"]) == ("event loop held by sleep", (), "")


def test_a_step_that_the_watchdog_had_no_chance_to_see(monkeypatch):
    async def main():
        await asyncio.sleep(0)
        hold()
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(hold)
        await asyncio.sleep(0)

    monkeypatch.setattr(asyncio_steps, "_look", lambda watch: None)
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
    assert callee(expression) == called


ROWS = [{"id": n, "name": "x" * 20, "tags": ["a", "b"]} for n in range(60_000)]


@pytest.mark.parametrize(
    ("call", "inside"),
    [("json.dumps", "json.encoder.JSONEncoder.iterencode"), ("sorted", ""), ("hashlib.pbkdf2_hmac", "")],
)
def test_what_ran_inside_the_line_also_where_it_let_no_other_thread_run(call, inside):
    async def main():
        await asyncio.sleep(0)
        if call == "json.dumps":
            json.dumps(ROWS * 2)
        elif call == "sorted":
            sorted(numbers)
        else:
            hashlib.pbkdf2_hmac("sha256", b"x", b"y", 400_000)

    numbers = [n * 7919 % 1_000_003 for n in range(1_000_000)]
    (held,) = recorded_and_seen(main)
    assert (held.attrs["call"], held.attrs.get("inside", "")) == (call, inside)
    assert held.site.function.endswith("main")


def test_a_line_that_only_awaits_held_nothing_up():
    class Awaitable:
        def __await__(self):
            seen.append((is_after(sys._getframe()), is_after(sys._getframe(1))))
            return iter(())

    async def main():
        seen.append(is_after(sys._getframe()))
        await Awaitable()

    seen = []
    asyncio.run(main())
    assert seen == [False, (False, True)]


def test_a_finalizer_is_not_what_runs_inside():
    class Late:
        def __del__(self):
            late.append(inside(sys._getframe()))

    late = []
    json.loads('{"a": 1}', object_hook=lambda found: Late() and None)
    assert late == [""]
    frame = None

    def hook(found):
        nonlocal frame
        frame = inside(sys._getframe(1))

    json.loads('{"a": 1}', object_hook=hook)
    assert frame == "json.decoder.JSONDecoder.raw_decode"


def test_for_how_long_others_had_the_processor(monkeypatch):
    readings = iter(range(10**15, 10**16, 1_000_000))  # beyond what was read before
    monkeypatch.setattr(asyncio_steps, "_delay_ns", lambda native: next(readings))

    async def main():
        await asyncio.sleep(0)
        hold()

    (held,) = recorded(main)
    assert held.attrs["delayed_ns"] > 0


def test_readings_from_before_the_step_count():
    watch = asyncio_steps.Watch(1, 1)
    watch.delays = [(100, 7), (300, 90)]
    with unittest.mock.patch.object(asyncio_steps, "_delay_ns", return_value=1000):
        assert asyncio_steps._delayed(watch, (200, None)) == {"delayed_ns": 993}
        assert asyncio_steps._delayed(watch, (400, None)) == {"delayed_ns": 910}
        assert asyncio_steps._delayed(watch, (50, None)) == {}


def test_a_system_that_does_not_tell_says_nothing(monkeypatch):
    monkeypatch.setattr(asyncio_steps, "_delay_ns", lambda native: -1)

    async def main():
        await asyncio.sleep(0)
        hold()

    (held,) = recorded(main)
    assert "delayed_ns" not in held.attrs


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell")
def test_a_thread_that_waits_for_the_processor():
    """Another process computes on the one processor that this thread computes on."""
    before = os.sched_getaffinity(0)
    one = min(before)
    code = f"import os; os.sched_setaffinity(0, {{{one}}})\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code]) as other:
        try:
            os.sched_setaffinity(0, {one})
            start_ns, until = asyncio_steps._delay_ns(threading.get_native_id()), time.monotonic() + 60
            while asyncio_steps._delay_ns(threading.get_native_id()) < start_ns + 20_000_000:
                assert time.monotonic() < until
        finally:
            os.sched_setaffinity(0, before)
            other.kill()


def test_how_many_others_were_ready():
    async def main():
        await asyncio.sleep(0)
        others = [asyncio.create_task(asyncio.sleep(0)) for _ in range(3)]
        hold()
        await asyncio.gather(*others)

    (held,) = recorded(main)
    assert held.attrs["waiting"] == 3


def test_steps_one_after_another_and_quick_ones():
    async def main():
        for number in range(3):
            await asyncio.sleep(0)
            if number != 1:
                hold()

    spans = recorded(main)
    assert [span.site.function for span in spans] == ["hold", "hold"]
    assert spans[0].end_ns <= spans[1].start_ns
    assert sum(span.duration_ns for span in spans) >= 2 * HELD_S * 1e9


def test_a_recording_that_begins_in_the_step():
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


def test_a_recording_that_ends_in_the_step():
    async def main():
        with perfkit.record(probes=("asyncio",)) as rec:
            await asyncio.sleep(0)
            hold()
        return rec

    (held,) = asyncio.run(main()).trace.spans
    assert (held.site.function, held.error) == ("hold", "unfinished")


def test_nested_recordings_both_have_it():
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


def test_two_loops_in_two_threads():
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


def test_what_others_do_is_not_recorded():
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
    return list(asyncio_steps._watchdogs)


def test_the_watchdog_lives_as_long_as_a_recording_and_is_no_thread_of_the_programs():
    async def main():
        await asyncio.sleep(SHORT_S)
        assert threading.enumerate() == before
        return watchdogs()

    def all_gone():
        until = time.monotonic() + 60
        while watchdogs() and time.monotonic() < until:
            time.sleep(SHORT_S)
        return watchdogs() == []

    before = threading.enumerate()
    assert all_gone()  # that of the test before may still be on its way
    assert asyncio.run(main()) == []
    with Recording():
        (watchdog,) = asyncio.run(main())
        assert asyncio.run(main()) == [watchdog]
    assert all_gone()
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
    from perfkit.probes import asyncio_steps
    from perfkit.tracing import Recording

    probe.install()

    async def main():
        await asyncio.sleep(0)
        time.sleep(0.1)
        await asyncio.sleep(0)

    with Recording() as rec:
        asyncio.run(main())
        asyncio_steps._changing.acquire()  # as if the watchdog held it at that moment
        child = os.fork()
        if child:
            asyncio_steps._changing.release()
        asyncio.run(main())
    assert len(rec.trace.of_kind("blocked")) == 2
    if not child:
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)
