"""The tree is right in asynchronous code, and tracing is neither seen nor heard there.

 1. gathered calls are siblings                        16. an asynccontextmanager holds its block
 2. a TaskGroup's tasks lie below it                   17. so does an (Async)ExitStack
 3. a task outlives the span it was started in         18. asyncio.run several times, Runner
 4. to_thread                                          19. eager tasks
 5. run_in_executor: default, own, first submit        20. two generators, taking turns
 6. a consumer's spans are not the generator's         21. generators within generators
 7. an async generator dropped half-way                22. errors are the same objects, as deep in the stack
 8. ... closed in another task                         23. a recording per request of a real server
 9. ... closed by the loop's end                       24. a recording left in another task
10. what a generator's body awaits lies below it       25. a recording in a task in a recording
11. tasks a consumer starts are not the generator's    26. one with a clock of its own
12. cancellation                                       27. tasks are let go, and so are generators
13. asyncio.timeout, wait_for, shield                  28. the parent is who awaits, not who calls
14. call_soon, call_later, call_soon_threadsafe        29. a traced async generator is one in every way
15. add_done_callback                                  30. a recording that ends before its tasks
"""

import asyncio
import contextlib
import gc
import itertools
import sys
import threading
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest
from aiohttp import web

from perfkit.tracing import Clock, Recording, span, trace


@pytest.fixture(autouse=True)
def silence(caplog, monkeypatch):
    """Nothing is logged and nothing is raised where nobody can catch it."""
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    yield
    gc.collect()
    assert caplog.records == []
    assert [args.exc_value for args in unraisable] == []


def tree(recording):
    """(name, name of the parent) of each span, in order of their start."""
    spans = recording.trace.spans
    names = {s.id: s.name for s in spans}
    return [(s.name, names.get(s.parent)) for s in spans]


def record(main, **options):
    """Run ``main()`` in a loop of its own and record all of it."""
    with Recording(**options) as recording:
        asyncio.run(main())
    return recording


async def leaf(name="leaf", turns=1):
    with span(name):
        for _ in range(turns):
            await asyncio.sleep(0)


def test_01_gathered_calls_are_siblings():
    async def main():
        with span("root"):
            await asyncio.gather(*(trace(f"call{n}")(leaf)(f"leaf{n}", turns=3 - n) for n in range(3)))

    expected = {
        ("root", None),
        *((f"call{n}", "root") for n in range(3)),
        *((f"leaf{n}", f"call{n}") for n in range(3)),
    }
    found = tree(record(main))
    assert len(found) == 7
    assert set(found) == expected


def test_02_a_task_group():
    async def main():
        with span("root"):
            async with asyncio.TaskGroup() as group:
                group.create_task(leaf("a"))
                async with span("inner"), asyncio.TaskGroup() as inner:
                    inner.create_task(leaf("b"))
        with span("after"):
            pass

    assert sorted(tree(record(main)), key=str) == sorted(
        [("root", None), ("inner", "root"), ("a", "root"), ("b", "inner"), ("after", None)], key=str
    )


def test_03_a_task_outlives_the_span_it_was_started_in():
    async def work(gate):
        with span("early"):
            await gate.wait()
            with span("inside"):
                pass
        with span("late"):
            pass

    async def main():
        gate = asyncio.Event()
        with span("root"):
            with span("gone"):
                task = asyncio.create_task(work(gate))
                await asyncio.sleep(0)
            gate.set()
            await task

    recording = record(main)
    assert tree(recording) == [
        ("root", None),
        ("gone", "root"),
        ("early", "gone"),
        ("inside", "early"),
        ("late", "root"),
    ]
    spans = {s.name: s for s in recording.trace.spans}
    assert spans["early"].end_ns > spans["gone"].end_ns


def test_04_to_thread():
    def work():
        with span("work"):
            return threading.get_ident()

    async def main():
        with span("root"):
            assert await asyncio.to_thread(work) != threading.get_ident()
        with span("after"):
            pass

    recording = record(main)
    assert tree(recording) == [("root", None), ("work", "root"), ("after", None)]
    root, work_span, _ = recording.trace.spans
    assert (root.thread, work_span.thread) == (1, 2)
    assert (root.task, work_span.task) == (1, 0)


@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
def test_05_run_in_executor_from_the_first_submit_on(own):
    def work(name):
        with span(name):
            return threading.current_thread()

    async def main():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) if own else contextlib.nullcontext() as executor:
            with span("first root"):
                first = await loop.run_in_executor(executor, work, "first")
            with span("second root"):
                await loop.run_in_executor(executor, work, "second")
            await loop.run_in_executor(executor, work, "third")
            assert first.is_alive()

    assert tree(record(main)) == [
        ("first root", None),
        ("first", "first root"),
        ("second root", None),
        ("second", "second root"),
        ("third", None),
    ]


def test_06_a_consumers_spans_are_not_the_generators():
    async def numbers():
        with span("generator"):
            for n in range(2):
                with span(f"before {n}"):
                    await asyncio.sleep(0)
                yield n

    async def main():
        with span("root"):
            async for n in numbers():
                with span(f"consumer {n}"):
                    await leaf(f"leaf {n}")

    assert tree(record(main)) == [
        ("root", None),
        ("generator", "root"),
        ("before 0", "generator"),
        ("consumer 0", "root"),
        ("leaf 0", "consumer 0"),
        ("before 1", "generator"),
        ("consumer 1", "root"),
        ("leaf 1", "consumer 1"),
    ]


@pytest.mark.parametrize("decorated", [False, True])
def test_07_an_async_generator_dropped_half_way(decorated):
    async def numbers():
        with span("inside"):
            yield 1
            yield 2

    source = trace("generator")(numbers) if decorated else numbers

    async def main():
        with span("root"):
            async for _ in source():
                break
            gc.collect()
            for _ in range(3):
                await asyncio.sleep(0)  # the loop closes it in a task of its own
            with span("after"):
                pass

    recording = record(main)
    around = [("generator", "root"), ("inside", "generator")] if decorated else [("inside", "root")]
    assert tree(recording) == [("root", None), *around, ("after", "root")]
    spans = {s.name: s for s in recording.trace.spans}
    assert [s.error for s in spans.values()] == [None] * len(spans)
    assert spans["inside"].end_ns < spans["after"].start_ns


def test_08_an_async_generator_closed_in_another_task():
    async def numbers():
        with span("generator"):
            yield 1

    async def main():
        source = numbers()
        with span("root"):
            await anext(source)
            await asyncio.create_task(source.aclose())
            with span("after"):
                pass

    recording = record(main)
    assert tree(recording) == [("root", None), ("generator", "root"), ("after", "root")]
    assert recording.trace.spans[1].error is None


def test_09_an_async_generator_closed_by_the_loops_end():
    kept = []

    async def numbers():
        with span("generator"):
            try:
                yield 1
            finally:
                with span("closing"):
                    await asyncio.sleep(0)

    async def main():
        kept.append(numbers())
        await anext(kept[0])

    recording = record(main)  # closed in a context that knows nothing of it
    assert tree(recording) == [("generator", None), ("closing", None)]
    assert [s.error for s in recording.trace.spans] == [None, None]


@pytest.mark.parametrize("decorated", [False, True])
def test_10_what_a_generators_body_waits_for_lies_below_it(decorated):
    def in_thread():
        with span("thread"):
            pass

    @trace("generator") if decorated else lambda function: function
    async def pages():
        with contextlib.nullcontext() if decorated else span("generator"):
            await asyncio.gather(leaf("a"), leaf("b"))
            await asyncio.to_thread(in_thread)
            async with asyncio.TaskGroup() as group:
                group.create_task(leaf("c"))
            yield 1

    async def main():
        async for _ in pages():
            await asyncio.gather(leaf("consumer"))

    assert tree(record(main)) == [
        ("generator", None),
        *((name, "generator") for name in ("a", "b", "thread", "c")),
        ("consumer", None),
    ]


@pytest.mark.parametrize("decorated", [False, True])
def test_11_tasks_a_consumer_starts_are_not_the_generators(decorated):
    @trace("generator") if decorated else lambda function: function
    async def pages():
        with contextlib.nullcontext() if decorated else span("generator"):
            for n in range(3):
                await leaf(f"fetch {n}", turns=3)
                yield n

    def in_thread():
        with span("thread"):
            pass

    async def main():
        tasks, loop = [], asyncio.get_running_loop()
        with span("root"):
            async for n in pages():  # while this goes on, the tasks started before run
                tasks.append(asyncio.create_task(leaf(f"task {n}", turns=2)))
                tasks.append(loop.run_in_executor(None, in_thread))
            await asyncio.gather(*tasks)

    found = dict(tree(record(main)))
    assert {found[f"fetch {n}"] for n in range(3)} == {"generator"}
    assert {found[f"task {n}"] for n in range(3)} == {"root"}
    assert found["thread"] == "root"


def test_12_cancellation():
    async def main():
        with span("root"):
            task = asyncio.create_task(leaf("cancelled", turns=1_000))
            await asyncio.sleep(0)
            task.cancel("enough")
            with pytest.raises(asyncio.CancelledError):
                await task
            with span("after"):
                pass

    recording = record(main)
    assert tree(recording) == [("root", None), ("cancelled", "root"), ("after", "root")]
    assert [s.error for s in recording.trace.spans] == [None, "CancelledError", None]


def test_13_timeouts_and_shields():
    async def main():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0), span("timeout"):
                await asyncio.sleep(60)
        with contextlib.suppress(TimeoutError), span("wait_for"):
            await asyncio.wait_for(trace("waited for")(asyncio.sleep)(60), 0.001)
        with span("shield"):
            await asyncio.shield(leaf("shielded"))

    recording = record(main)
    assert tree(recording) == [
        ("timeout", None),
        ("wait_for", None),
        ("waited for", "wait_for"),
        ("shield", None),
        ("shielded", "shield"),
    ]
    assert [s.error for s in recording.trace.spans] == [
        "CancelledError",
        "TimeoutError",
        "CancelledError",
        None,
        None,
    ]


def test_14_callbacks_lie_below_who_scheduled_them():
    def call(name):
        with span(name):
            pass

    async def main():
        loop = asyncio.get_running_loop()
        with span("root"):
            loop.call_soon(call, "soon")
            loop.call_later(0.001, call, "later")
            await asyncio.to_thread(lambda: loop.call_soon_threadsafe(call, "threadsafe"))
            await asyncio.sleep(0.01)
        loop.call_soon(call, "after")
        await asyncio.sleep(0)

    recording = record(main)
    assert sorted(tree(recording), key=str) == sorted(
        [("root", None), ("soon", "root"), ("later", "root"), ("threadsafe", "root"), ("after", None)],
        key=str,
    )
    assert {s.task for s in recording.trace.spans if s.name != "root"} == {0}


def test_15_done_callbacks_lie_below_who_added_them():
    def done(task):
        with span("done"):
            pass

    async def main():
        with span("root"):
            task = asyncio.create_task(leaf())
            with span("adding"):
                task.add_done_callback(done)
                await task
                await asyncio.sleep(0)

    assert tree(record(main)) == [("root", None), ("adding", "root"), ("leaf", "root"), ("done", "adding")]


def test_16_an_asynccontextmanager_holds_its_block():
    @contextlib.asynccontextmanager
    async def block():
        with span("block"):
            await asyncio.sleep(0)
            yield

    @trace("traced block")
    async def body():
        yield

    async def numbers():
        async with block():
            yield 1

    async def main():
        async with block():
            await leaf()
        async with contextlib.asynccontextmanager(body)():
            await leaf("in traced")
        async for _ in numbers():
            with span("consumer"):
                pass
        with span("after"):
            pass

    assert tree(record(main)) == [
        ("block", None),
        ("leaf", "block"),
        ("traced block", None),
        ("in traced", "traced block"),
        ("block", None),
        ("consumer", None),
        ("after", None),
    ]


def test_17_exit_stacks_hold_their_block():
    async def numbers():
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(span("sync"))
            await stack.enter_async_context(span("async"))
            with span("inside"):
                yield 1

    async def main():
        async for _ in numbers():
            with span("consumer"):
                pass
        with contextlib.ExitStack() as stack:
            stack.enter_context(span("plain"))
            with span("leaf"):
                pass

    recording = record(main)
    assert tree(recording) == [
        ("sync", None),
        ("async", "sync"),
        ("inside", "async"),
        ("consumer", None),
        ("plain", None),
        ("leaf", "plain"),
    ]
    functions = [s.site.function.rpartition(".")[2] for s in recording.trace.spans]
    assert functions == ["numbers"] * 3 + ["main"] * 3


def test_18_several_loops_in_one_recording():
    with Recording() as recording:
        for n in range(2):
            with span(f"run {n}"):
                asyncio.run(leaf())
        with asyncio.Runner() as runner:
            with span("runner"):
                runner.run(leaf("first"))
            runner.run(leaf("second"))
    assert tree(recording) == [
        ("run 0", None),
        ("leaf", "run 0"),
        ("run 1", None),
        ("leaf", "run 1"),
        ("runner", None),
        ("first", "runner"),
        ("second", None),
    ]  # the runner's context is older than the spans around its runs
    assert [s.task for s in recording.trace.spans] == [0, 1, 0, 2, 0, 3, 4]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_19_eager_tasks():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        with span("root"):
            first = asyncio.create_task(leaf("eager", turns=0))
            assert first.done()
            second = asyncio.create_task(leaf("later"))
            with span("beside"):
                await second
        with span("after"):
            pass

    recording = record(main)
    assert tree(recording) == [
        ("root", None),
        ("eager", "root"),
        ("later", "root"),
        ("beside", "root"),
        ("after", None),
    ]
    assert len({s.task for s in recording.trace.spans}) == 3


def test_20_two_generators_taking_turns():
    async def numbers(name):
        with span(name):
            for n in range(2):
                with span(f"{name}{n}"):
                    await asyncio.sleep(0)
                yield n

    async def main():
        first, second = numbers("a"), numbers("b")
        for _ in range(2):
            await anext(first)
            with span("between"):
                await anext(second)
        await first.aclose()
        with span("after"):
            await second.aclose()

    assert tree(record(main)) == [
        ("a", None),
        ("a0", "a"),
        ("between", None),
        ("b", "between"),
        ("b0", "b"),
        ("a1", "a"),
        ("between", None),
        ("b1", "between"),  # it asked for this item, and its time lies inside
        ("after", None),
    ]


def test_21_generators_within_generators():
    async def inner():
        with span("inner"):
            yield 1
            with span("inner work"):
                pass
            yield 2

    async def outer():
        with span("outer"):
            async for n in inner():
                with span("outer work"):
                    pass
                yield n

    async def main():
        async for _ in outer():
            with span("consumer"):
                pass

    assert tree(record(main)) == [
        ("outer", None),
        ("inner", "outer"),
        ("outer work", "outer"),
        ("consumer", None),
        ("inner work", "inner"),
        ("outer work", "outer"),
        ("consumer", None),
    ]


def test_22_errors_are_the_same_objects_as_deep_in_the_stack():
    error = KeyError("x")

    async def fails():
        raise error

    async def fails_between():
        yield 1
        raise error

    async def exhaust(generator):
        async for _ in generator():
            pass

    def depth(main):
        with pytest.raises(KeyError) as raised:
            asyncio.run(main())
        assert raised.value is error
        assert (error.__cause__, error.__context__) == (None, None)
        frames = len(traceback.extract_tb(error.__traceback__))
        error.__traceback__ = None
        return frames

    with Recording() as recording:
        assert depth(trace("decorated")(fails)) == depth(fails) + 1
        plain = depth(lambda: exhaust(fails_between))
        assert depth(lambda: exhaust(trace("generator")(fails_between))) == plain + 1
    assert {s.error for s in recording.trace.spans} == {"KeyError"}


def test_23_a_recording_per_request_of_a_real_server():
    recordings = {}

    @web.middleware
    async def recorded(request, handler):
        with Recording() as recording:
            answer = await handler(request)
        recordings[request.query["n"]] = recording
        return answer

    async def handler(request):
        n = request.query["n"]
        with span(f"handler {n}"):
            await asyncio.gather(leaf(f"a {n}", turns=3), leaf(f"b {n}", turns=2))
            await asyncio.to_thread(trace(f"thread {n}")(sum), ())
        return web.Response(text=n)

    async def main():
        app = web.Application(middlewares=[recorded])
        app.router.add_get("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/"

            async def get(client, n):
                async with client.get(url, params={"n": n}) as answer:
                    assert await answer.text() == str(n)

            async with aiohttp.ClientSession() as client:
                for batch in range(2):
                    await asyncio.gather(*(get(client, n) for n in range(batch * 10, batch * 10 + 10)))
        finally:
            await runner.cleanup()

    asyncio.run(main())
    assert len(recordings) == 20
    for n, recording in recordings.items():
        below = [(f"{name} {n}", f"handler {n}") for name in ("a", "b", "thread")]
        assert tree(recording) == [(f"handler {n}", None), *below]


def test_24_a_recording_entered_in_one_task_and_left_in_another():
    async def main():
        outer, recording = Recording(), Recording()
        with outer:
            await asyncio.create_task(recording.__aenter__())
            with span("not inside"):
                pass
            await asyncio.create_task(recording.__aexit__(None, None, None))
            with span("after"):
                pass
        return outer, recording

    outer, recording = asyncio.run(main())
    assert recording.trace.spans == []
    assert tree(outer) == [("not inside", None), ("after", None)]


def test_24_a_fixture_that_records_its_test():
    async def fixture():
        with Recording() as recording:
            yield recording

    async def main():
        source = fixture()
        recording = await anext(source)
        with span("test"):
            await leaf()
        await asyncio.create_task(anext(source, None))
        with span("after"):
            pass
        return recording

    assert tree(asyncio.run(main())) == [("test", None), ("leaf", "test")]


def test_25_a_recording_in_a_task_in_a_recording():
    async def request(name):
        with Recording() as recording:
            await asyncio.gather(leaf(f"{name} a"), leaf(f"{name} b"))
        await leaf(f"{name} outside")
        return recording

    async def main():
        with Recording() as outer, span("root"):
            inner = await asyncio.gather(request("x"), request("y"))
        return outer, inner

    outer, inner = asyncio.run(main())
    for name, recording in zip("xy", inner, strict=True):
        assert tree(recording) == [(f"{name} a", None), (f"{name} b", None)]
    names = [f"{name} {part}" for name in "xy" for part in ("a", "b", "outside")]
    assert sorted(tree(outer), key=str) == sorted(
        [("root", None), *((name, "root") for name in names)], key=str
    )


def test_26_a_recording_with_a_clock_of_its_own_takes_its_tasks_along():
    async def main():
        with Recording() as outer:
            with Recording(clock=Clock("virtual", itertools.count().__next__)) as inner, span("root"):
                await asyncio.gather(leaf(), leaf())
            with span("outer"):
                pass
        return outer, inner

    outer, inner = asyncio.run(main())
    assert tree(inner) == [("root", None), ("leaf", "root"), ("leaf", "root")]
    assert tree(outer) == [("outer", None)]
    assert "3 spans" in outer.trace.warnings[0]


def test_27_tasks_generators_and_errors_are_let_go():
    class Payload:
        pass

    class FailureError(Exception):
        pass

    alive = []

    async def work():
        payload = Payload()
        alive.extend((weakref.ref(asyncio.current_task()), weakref.ref(payload)))
        with span("task"):
            await asyncio.sleep(0)
        try:
            with span("fails"):
                raise FailureError
        except FailureError as error:
            alive.append(weakref.ref(error))

    @trace("traced")
    async def numbers():
        payload = Payload()
        alive.append(weakref.ref(payload))
        with span("generator"):
            yield 1

    async def main():
        await asyncio.create_task(work())
        for source in (numbers(), numbers()):
            alive.append(weakref.ref(source))
            async for _ in source:
                break
        del source
        for _ in range(4):
            await asyncio.sleep(0)
        gc.collect()
        assert [ref() for ref in alive] == [None] * 7

    assert len(record(main).trace.spans) == 6


def test_27_many_tasks_leave_no_trace_but_their_spans():
    async def main():
        for _ in range(200):
            await asyncio.gather(*(leaf(turns=0) for _ in range(100)))
        await asyncio.sleep(0)
        gc.collect()
        return sum(len(table) for table in (recording.places, recording._tasks, recording._watched))

    with Recording() as recording:
        assert asyncio.run(main()) <= 5
    assert recording.counts["span"] == 20_000
    assert len({s.task for s in recording.trace.spans}) == 20_000


def test_28_the_parent_is_who_awaits():
    async def main():
        with span("calls"):
            called = trace("called")(leaf)()
        with span("awaits"):
            await called

    assert tree(record(main)) == [
        ("calls", None),
        ("awaits", None),
        ("called", "awaits"),
        ("leaf", "called"),
    ]


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("decorated", [False, True])
def test_29_a_traced_async_generator_is_one_in_every_way(recorded, decorated):
    seen = []

    async def echo():
        got = "nothing"
        try:
            while got != "end":
                try:
                    got = yield got
                except KeyError as error:
                    got = f"caught {error.args[0]}"
        except GeneratorExit:
            seen.append("closed")
            raise
        finally:
            await asyncio.sleep(0)
            seen.append("finally")

    async def main():
        function = trace(echo) if decorated else echo
        source = function()
        answers = [await anext(source), await source.asend("hello"), await source.athrow(KeyError("k"))]
        with pytest.raises(StopAsyncIteration):
            await source.asend("end")
        with pytest.raises(StopAsyncIteration):
            await anext(source)
        source = function()
        await anext(source)
        await source.aclose()
        source = function()
        await anext(source)
        with pytest.raises(ZeroDivisionError):
            await source.athrow(ZeroDivisionError)
        return answers

    with Recording() if recorded else contextlib.nullcontext() as recording:
        assert asyncio.run(main()) == ["nothing", "hello", "caught k"]
    assert seen == ["finally", "closed", "finally", "finally"]
    if recorded and decorated:
        assert [s.error for s in recording.trace.spans] == [None, None, "ZeroDivisionError"]


def test_30_a_recording_that_ends_before_its_tasks():
    async def work(gate):
        with span("open"):
            await gate.wait()
            with span("too late"):
                pass

    async def main():
        gate = asyncio.Event()
        with Recording() as recording:
            task = asyncio.create_task(work(gate))
            await asyncio.sleep(0)
        ended_ns = recording.trace.end_ns
        gate.set()
        with Recording() as later:
            await task
        return recording, later, ended_ns

    recording, later, ended_ns = asyncio.run(main())
    (left,) = recording.trace.spans
    assert (left.name, left.error, left.end_ns) == ("open", "unfinished", ended_ns)
    assert later.trace.spans == []


def test_31_another_loop():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        with span("root"):
            await asyncio.gather(leaf("a"), leaf("b"))

    with Recording() as recording, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    assert tree(recording) == [("root", None), ("a", "root"), ("b", "root")]
