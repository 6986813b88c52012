import asyncio
import contextlib
import functools
import inspect

import pytest

from perfkit.errors import UsageError
from perfkit.tracing import Recording, own_cost, span, trace
from perfkit.tracing.allowing import allow


def tree(recording):
    """(name, name of the parent) of each span, in order of their start."""
    spans = recording.trace.spans
    names = {s.id: s.name for s in spans}
    return [(s.name, names.get(s.parent)) for s in spans]


def test_nested_spans_and_attributes(recording):
    with recording, span("outer", rows=2) as outer:
        outer["bytes"] = 7
        with span("inner"):
            pass
    assert tree(recording) == [("outer", None), ("inner", "outer")]
    outer_span, inner_span = recording.trace.spans
    assert outer_span.attrs == {"rows": 2, "bytes": 7}
    assert (outer_span.start_ns, inner_span.start_ns, inner_span.end_ns, outer_span.end_ns) == (
        10,
        20,
        30,
        40,
    )


def test_outside_a_recording_nothing_happens():
    with span("alone") as s:
        s["x"] = 1
    assert trace(len)("abc") == 3


def test_an_exception_is_named_and_passes_on(recording):
    with recording, pytest.raises(KeyError), span("fails"):
        raise KeyError("x")
    assert recording.trace.spans[0].error == "KeyError"


def test_the_site_is_the_line_that_opened_it(recording):
    with recording, span("here"):
        line = inspect.currentframe().f_lineno - 1
    (found,) = recording.trace.spans
    assert (found.site.file, found.site.line) == ("tests/tracing/test_spans.py", line)
    assert found.site.function == "test_the_site_is_the_line_that_opened_it"
    assert found.path[0] == found.site


def test_gathered_tasks_are_children_of_who_made_them(recording):
    @trace("leaf")
    async def leaf():
        await asyncio.sleep(0)

    async def branch(name):
        async with span(name):
            await asyncio.gather(leaf(), leaf())

    async def main():
        with recording, span("root"):
            await asyncio.gather(branch("a"), branch("b"))

    asyncio.run(main())
    children = sorted(tree(recording), key=str)
    assert children == sorted(
        [("root", None), ("a", "root"), ("b", "root"), *[("leaf", "a")] * 2, *[("leaf", "b")] * 2], key=str
    )
    tasks = {s.name: s.task for s in recording.trace.spans}
    assert tasks["root"] == 1
    assert len({tasks["root"], tasks["a"], tasks["b"]}) == 3


def test_a_task_that_outlives_its_parent_gains_no_children_there(recording):
    async def late(event):
        await event.wait()
        with span("late"):
            pass

    async def main():
        event = asyncio.Event()
        with recording:
            with span("root"), span("gone"):
                task = asyncio.create_task(late(event))
                await asyncio.sleep(0)
            event.set()
            await task

    asyncio.run(main())
    assert ("late", None) in tree(recording)


def test_cancellation_ends_the_span(recording):
    async def main():
        with recording:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.001), span("cancelled"):
                    await asyncio.sleep(60)
            with span("after"):
                pass

    asyncio.run(main())
    assert tree(recording) == [("cancelled", None), ("after", None)]
    assert recording.trace.spans[0].error == "CancelledError"


def test_what_a_consumer_does_between_items_is_not_the_generators(recording):
    def numbers():
        with span("generator"):
            yield 1
            with span("inside"):
                pass
            yield 2

    with recording:
        for _ in numbers():
            with span("consumer"):
                pass
    assert tree(recording) == [
        ("generator", None),
        ("consumer", None),
        ("inside", "generator"),
        ("consumer", None),
    ]


def test_an_async_generator_closed_early_elsewhere_is_no_noise(recording, caplog):
    async def numbers():
        with span("generator"):
            yield 1
            yield 2

    async def main():
        with recording:
            source = numbers()
            async for _ in source:
                break
            await asyncio.create_task(source.aclose())
            with span("after"):
                pass

    asyncio.run(main())
    assert tree(recording) == [("generator", None), ("after", None)]
    assert recording.trace.spans[0].error is None
    assert not caplog.records


def test_a_context_manager_made_of_a_generator_holds_its_block(recording):
    @contextlib.contextmanager
    def block():
        with span("block"):
            yield

    with recording, block(), span("inside"):
        pass
    assert tree(recording) == [("block", None), ("inside", "block")]


def test_decorated_functions_of_every_kind(recording):
    class Reader:
        @trace
        def method(self):
            return "method"

        @trace("static")
        @staticmethod
        def static():
            return "static"

        @trace
        @classmethod
        def klass(cls):
            return cls.__name__

        def __call__(self):
            return "called"

    @trace
    def generator(n):
        got = yield n
        return got

    @trace
    async def coroutine(n):
        return n

    @trace
    async def agen(n):
        for item in range(n):
            yield item

    async def main():
        return await coroutine(3), [item async for item in agen(3)]

    with recording:
        assert Reader().method() == "method"
        assert Reader.static() == "static"
        assert Reader.klass() == "Reader"
        assert trace(Reader())() == "called"
        assert trace(functools.partial(max, 3))(5) == 5
        source = generator(4)
        assert next(source) == 4
        with pytest.raises(StopIteration, match="sent"):
            source.send("sent")
        assert asyncio.run(main()) == (3, [0, 1, 2])
    prefix = "test_decorated_functions_of_every_kind."
    names = [s.name.removeprefix(prefix) for s in recording.trace.spans]
    assert names == [
        "Reader.method",
        "static",
        "Reader.klass",
        "Reader",
        "max",
        "generator",
        "coroutine",
        "agen",
    ]
    assert all(s.end_ns > s.start_ns for s in recording.trace.spans)


def test_decorating_keeps_what_a_function_is():
    @trace
    async def coroutine(a, b=2):
        """Doc."""

    @trace
    async def agen():
        yield

    @trace
    def generator():
        yield

    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isasyncgenfunction(agen)
    assert inspect.isgeneratorfunction(generator)
    assert str(inspect.signature(coroutine)) == "(a, b=2)"
    assert (coroutine.__name__, coroutine.__doc__) == ("coroutine", "Doc.")


def test_an_async_generator_passes_values_and_errors_in(recording):
    @trace
    async def echo():
        got = yield "first"
        try:
            yield got
        except KeyError:
            yield "caught"

    async def main():
        with recording:
            source = echo()
            assert await source.__anext__() == "first"
            assert await source.asend("hello") == "hello"
            assert await source.athrow(KeyError()) == "caught"
            await source.aclose()

    asyncio.run(main())
    assert len(recording.trace.spans) == 1


@pytest.mark.parametrize("target", [5, int])
def test_what_cannot_be_decorated_says_so(target):
    with pytest.raises(UsageError, match="@trace works on functions"):
        trace()(target)


def test_recordings_nest_and_the_outer_one_has_it_all():
    with Recording() as outer:
        with span("before"):
            pass
        with Recording() as inner, span("both"):
            pass
        with span("after"):
            pass
    assert [s.name for s in inner.trace.spans] == ["both"]
    assert [s.name for s in outer.trace.spans] == ["before", "both", "after"]
    assert [s.id for s in inner.trace.spans] == [1]


def test_concurrent_recordings_do_not_mix():
    async def request(name):
        with Recording() as rec:
            async with span(name):
                await asyncio.sleep(0)
        return rec

    async def main():
        return await asyncio.gather(*(request(f"r{n}") for n in range(5)))

    for number, rec in enumerate(asyncio.run(main())):
        assert [s.name for s in rec.trace.spans] == [f"r{number}"]


def test_what_c_code_calls_needs_no_caller(recording):
    greenlet = pytest.importorskip("greenlet")

    @trace("called by C code")
    def function():
        return "answer"

    with recording:
        assert greenlet.greenlet(function).switch() == "answer"
        entered = span("block")
        assert greenlet.greenlet(entered.__enter__).switch() is entered
        entered.__exit__(None, None, None)
        block = allow("PK102", reason="known")
        assert greenlet.greenlet(block.__enter__).switch() is block
        block.__exit__(None, None, None)
    assert [s.name for s in recording.trace.spans] == ["called by C code", "block", "allow PK102"]
    assert recording.trace.spans[0].site.function == "test_what_c_code_calls_needs_no_caller.function"


def test_reading_an_open_recording_adds_nothing_to_it():
    own_cost._costs_ns.cache_clear()
    with Recording() as outer, Recording() as inner:
        with span("mine"):
            pass
        assert [s.name for s in inner.trace.spans] == ["mine"]
        assert inner.trace.tracing_ns > 0
        assert outer.counts == {"span": 1}
