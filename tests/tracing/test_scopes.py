import contextlib
import functools
import gc
import inspect
import itertools
import pickle
import sys
import traceback
import weakref

import pytest

from perfkit.tracing import Clock, Recording, callpath, enter, here, leave, span, trace
from perfkit.tracing.allowing import allow

from .test_async import tree


def numbers(name="generator", count=2):
    with span(name):
        for n in range(count):
            with span(f"{name} {n}"):
                pass
            yield n


# Generators


def test_generators_taking_turns():
    with Recording() as recording, span("root"):
        for a, b in zip(numbers("a"), numbers("b"), strict=True):
            with span(f"consumer {a}{b}"):
                pass
    assert sorted(tree(recording), key=str) == sorted(
        [
            ("root", None),
            *(("a", "root"), ("a 0", "a"), ("a 1", "a")),
            *(("b", "root"), ("b 0", "b"), ("b 1", "b")),
            *(("consumer 00", "root"), ("consumer 11", "root")),
        ],
        key=str,
    )


def test_generators_within_generators():
    def delegating():
        with span("delegating"):
            yield from numbers("inner")
            with span("own"):
                pass

    def outer():
        with span("outer"):
            for n in delegating():
                with span("outer work"):
                    yield n

    with Recording() as recording:
        for _ in outer():
            with span("consumer"):
                pass
    assert tree(recording) == [
        ("outer", None),
        ("delegating", "outer"),
        ("inner", "delegating"),
        ("inner 0", "inner"),
        ("outer work", "outer"),
        ("consumer", None),
        ("inner 1", "inner"),
        ("outer work", "outer"),
        ("consumer", None),
        ("own", "delegating"),
    ]


@pytest.mark.parametrize("how", ["close", "del", "throw"])
def test_a_generator_that_is_not_finished(how):
    with Recording() as recording:
        source = trace("traced")(numbers)("inside", 9)
        next(source)
        if how == "close":
            source.close()
        elif how == "throw":
            with pytest.raises(KeyError):
                source.throw(KeyError)
        del source
        with span("after"):
            pass
    spans = recording.trace.spans
    assert tree(recording) == [
        ("traced", None),
        ("inside", "traced"),
        ("inside 0", "inside"),
        ("after", None),
    ]
    error = "KeyError" if how == "throw" else None
    assert [s.error for s in spans] == [error, error, None, None]
    assert spans[0].end_ns <= spans[3].start_ns


def test_a_recording_in_a_generator_lasts_between_its_items():
    def fixture():
        with Recording() as recording:
            yield recording

    source = fixture()
    recording = next(source)
    with span("test"):
        pass
    assert next(source, None) is None
    with span("after"):
        pass
    assert tree(recording) == [("test", None)]


def test_what_is_allowed_in_a_generator_is_not_allowed_to_its_consumer():
    def permissive():
        with allow("PK101", reason="known"):
            with span("inside"):
                pass
            yield

    with Recording() as recording:
        for _ in permissive():
            with span("consumer"):
                pass
    assert tree(recording) == [("allow PK101", None), ("inside", "allow PK101"), ("consumer", None)]


def test_context_managers_made_of_generators_hold_their_block():
    @contextlib.contextmanager
    def block(name):
        with span(name):
            yield

    @contextlib.contextmanager
    def twice(name):
        with block(f"{name} outer"), block(f"{name} inner"):
            yield

    @block("decorated")
    def decorated():
        with span("body"):
            pass

    def generator():
        with twice("in generator"):
            yield

    with Recording() as recording:
        with twice("a"), span("leaf"):
            pass
        decorated()
        for _ in generator():
            with span("consumer"):
                pass
    assert tree(recording) == [
        ("a outer", None),
        ("a inner", "a outer"),
        ("leaf", "a inner"),
        ("decorated", None),
        ("body", "decorated"),
        ("in generator outer", None),
        ("in generator inner", "in generator outer"),
        ("consumer", None),
    ]


def test_an_exit_stack_in_a_generator():
    def generator():
        with contextlib.ExitStack() as stack:
            stack.enter_context(span("stacked"))
            with span("inside"):
                pass
            yield

    with Recording() as recording:
        for _ in generator():
            with span("consumer"):
                pass
    assert tree(recording) == [("stacked", None), ("inside", "stacked"), ("consumer", None)]
    assert recording.trace.spans[0].site.function == "test_an_exit_stack_in_a_generator.generator"


# Recordings beside each other


def test_recordings_that_end_out_of_order():
    first, second = Recording(), Recording()
    with contextlib.ExitStack() as stack:
        stack.callback(second.__exit__, None, None, None)
        first.__enter__()
        with span("first"):
            second.__enter__()
            with span("both"):
                pass
            first.__exit__(None, None, None)
            with span("second"):
                pass
    with span("nobody's"):
        pass
    assert tree(first) == [("first", None), ("both", "first")]
    assert tree(second) == [("both", None), ("second", None)]
    assert here() is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_recordings_end_in_any_order(order):
    recordings = [Recording() for _ in range(3)]
    for n, recording in enumerate(recordings):
        recording.__enter__()
        with span(f"entered {n}"):
            pass
    open_ones = set(range(3))
    expected = {n: [f"entered {m}" for m in range(n, 3)] for n in range(3)}
    for n in order:
        recordings[n].__exit__(None, None, None)
        open_ones.discard(n)
        with span(f"left {n}"):
            pass
        if open_ones:  # the innermost takes it, and hands it on
            for m in open_ones:
                expected[m].append(f"left {n}")
    for n, recording in enumerate(recordings):
        assert [s.name for s in recording.trace.spans] == expected[n]
    assert here() is None


def test_a_span_held_open_across_the_end_of_its_recording():
    with Recording() as outer:
        with Recording() as inner:
            left = span("left open").__enter__()
        with span("after"):
            left.__exit__(None, None, None)
    assert tree(inner) == [("left open", None)]
    assert tree(outer) == [("left open", None), ("after", None)]


def test_spans_ended_in_the_wrong_order():
    with Recording() as recording:
        outer, inner = span("outer").__enter__(), span("inner").__enter__()
        outer.__exit__(None, None, None)
        with span("in inner"):
            pass
        inner.__exit__(None, None, None)
        with span("after"):
            pass
    assert tree(recording) == [("outer", None), ("inner", "outer"), ("in inner", "inner"), ("after", None)]


def test_here_is_the_innermost_open_span():
    assert here() is None
    with Recording() as recording:
        assert (here().kind, here().recording) == ("", recording)
        with span("s") as s:
            assert here() is s
            query = enter("query", "q", {"rows": 1}, None)
            assert here() is query
            leave(query)
            leave(query)
            leave(None)
            assert here() is s
    assert here() is None
    assert enter("query", "q", {}, None) is None
    assert recording.trace.spans[1].attrs == {"rows": 1}


def test_an_error_is_noted_once_the_operation_is_over_but_not_once_the_recording_is():
    with Recording() as recording:
        late, later = enter("query", "late", {}, None), enter("query", "later", {}, None)
        leave(late)
        leave(late, KeyError())
    leave(later, ValueError())
    assert [s.error for s in recording.trace.spans] == ["KeyError", "unfinished"]


# What is decorated


class Kinds:
    """A method of each kind."""

    @trace
    def method(self, x):
        return x

    @trace
    @staticmethod
    def static(x):
        return x

    @classmethod
    @trace
    def klass(cls, x):
        return x

    @property
    @trace
    def getter(self):
        return 1

    @functools.cached_property
    @trace
    def cached(self):
        return 1

    def __call__(self, x):
        return x

    async def coroutine(self, x):
        return x


class AsyncCall:
    async def __call__(self, x):
        return x


class GeneratorCall:
    def __call__(self, x):
        yield x


def test_methods_of_every_kind():
    with Recording() as recording:
        kinds = Kinds()
        assert [
            kinds.method(1),
            kinds.static(2),
            kinds.klass(3),
            kinds.getter,
            kinds.cached,
            kinds.cached,
        ] == [*(1, 2, 3, 1, 1, 1)]
        assert trace(kinds.method)(5) == 5
        assert trace("object")(kinds)(6) == 6
        assert trace("partial")(functools.partial(kinds.method, x=7))() == 7
    names = [s.name for s in recording.trace.spans]
    assert names == [
        *("Kinds.method", "Kinds.static", "Kinds.klass", "Kinds.getter", "Kinds.cached"),
        *("Kinds.method", "Kinds.method", "object", "partial", "Kinds.method"),
    ]


def test_what_a_cache_keeps_is_not_called_and_its_own_functions_stay():
    @trace("outer")
    @functools.lru_cache
    @trace("inner")
    def cached(x):
        return x

    with Recording() as recording:
        assert [cached(1), cached(1)] == [1, 1]
    assert [s.name for s in recording.trace.spans] == ["outer", "inner", "outer"]
    assert cached.cache_info().hits == 1
    cached.cache_clear()
    assert cached.cache_info().hits == 0
    assert cached.cache_parameters() == {"maxsize": 128, "typed": False}


def passing(function):
    """A decorator that knows nothing of coroutines and generators, as many do not."""

    @functools.wraps(function)
    def passed(*args, **kwargs):
        return function(*args, **kwargs)

    return passed


def test_a_decorator_between_does_not_hide_what_a_coroutine_takes():
    import asyncio

    @trace("coroutine")
    @passing
    @passing
    async def coroutine(fails=False):
        with span("inside"):
            await asyncio.sleep(0)
        if fails:
            raise KeyError
        return 1

    @trace("run")
    @functools.wraps(coroutine)
    def runs(*args):
        return asyncio.run(coroutine(*args))

    async def main():
        answers = await asyncio.gather(coroutine(), coroutine())
        with pytest.raises(KeyError):
            await coroutine(fails=True)
        return answers

    assert asyncio.run(main()) == [1, 1]
    with Recording(clock=Clock("virtual", itertools.count().__next__)) as recording:
        assert asyncio.run(main()) == [1, 1]
        assert runs() == 1
        with pytest.raises(KeyError):
            runs(True)
    assert tree(recording)[:6] == [
        *(("coroutine", None), ("inside", "coroutine"), ("coroutine", None), ("inside", "coroutine")),
        *(("coroutine", None), ("inside", "coroutine")),
    ]
    spans = recording.trace.spans
    assert (
        all(inside.end_ns < outside.end_ns for outside, inside in itertools.batched(spans[:6], 2))
        if sys.version_info >= (3, 12)
        else True
    )
    assert [s.error for s in spans if s.name == "coroutine"] == [None, None, "KeyError", None, "KeyError"]
    running = [s for s in spans if s.name == "run"]
    assert [s.error for s in running] == [None, "KeyError"]
    assert running[0].start_ns < spans[6 + 1].start_ns < running[0].end_ns


def test_a_decorator_between_does_not_hide_what_a_generator_takes():
    traced = trace("traced")(passing(numbers))
    with Recording() as recording:
        for _ in traced("inside", 1):
            with span("consumer"):
                pass
    assert tree(recording) == [
        ("traced", None),
        ("inside", "traced"),
        ("inside 0", "inside"),
        ("consumer", None),
    ]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(len, id="builtin"),
        pytest.param(numbers, id="generator"),
        pytest.param(Kinds().coroutine, id="coroutine method"),
        pytest.param(functools.partial(Kinds().coroutine, x=1), id="partial of a coroutine function"),
        pytest.param(passing(numbers), id="decorated"),
        pytest.param(lambda a, /, b=1, *args, c, **kwargs: None, id="lambda"),
    ],
)
def test_name_signature_and_kind_stay(target):
    traced = trace(target)
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__defaults__"):
        if name != "__defaults__" and hasattr(target, name):
            assert getattr(traced, name) == getattr(target, name)
    assert inspect.signature(traced) == inspect.signature(target)
    assert traced.__wrapped__ is target
    for test in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction):
        if not isinstance(target, functools.partial):
            assert test(traced) == test(target)


def test_objects_are_called_as_what_their_call_is():
    import asyncio

    assert inspect.iscoroutinefunction(trace(AsyncCall()))
    assert inspect.isgeneratorfunction(trace(GeneratorCall()))
    with Recording() as recording:
        assert asyncio.run(trace(AsyncCall())(1)) == 1
        assert list(trace(GeneratorCall())(2)) == [2]
    assert [s.name for s in recording.trace.spans] == ["AsyncCall", "GeneratorCall"]


@trace
def module_level(x):
    return x


def test_a_traced_function_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(module_level)) is module_level


def test_a_traced_generator_is_one_in_every_way():
    def echo():
        got = "nothing"
        while got != "end":
            try:
                got = yield got
            except KeyError as error:
                got = f"caught {error.args[0]}"
            except GeneratorExit:
                closed.append(True)
                return
        return "returned"

    answers = []
    for function in (echo, trace(echo)):
        closed = []
        with Recording() as recording:
            source = function()
            seen = [next(source), source.send("hello"), source.throw(KeyError("k"))]
            with pytest.raises(StopIteration) as stopped:
                source.send("end")
            source = function()
            next(source)
            source.close()
            with pytest.raises(StopIteration):
                next(source)
            source = function()
            next(source)
            with pytest.raises(ZeroDivisionError):
                source.throw(ZeroDivisionError)
        answers.append((seen, stopped.value.value, closed))
    assert answers[0] == answers[1] == (["nothing", "hello", "caught k"], "returned", [True])
    assert [s.error for s in recording.trace.spans] == [None, None, "ZeroDivisionError"]


# Errors


def test_errors_pass_untouched():
    error = KeyError("x")

    def fails():
        raise error

    def fails_between():
        yield
        raise error

    def exhausted():
        for _ in fails_between():
            pass

    def exhausted_traced():
        for _ in trace(fails_between)():
            pass

    def with_span():
        with span("s"):
            raise error

    def without_span():
        with contextlib.nullcontext():
            raise error

    def depth(function):
        error.__traceback__ = None
        with pytest.raises(KeyError) as caught:
            function()
        assert caught.value is error
        assert (error.__cause__, error.__context__) == (None, None)
        return len(traceback.extract_tb(error.__traceback__))

    with Recording() as recording:
        assert depth(trace(fails)) == depth(fails) + 1
        assert depth(exhausted_traced) == depth(exhausted) + 1
        assert depth(with_span) == depth(without_span)
    assert {s.error for s in recording.trace.spans} == {"KeyError"}


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_the_end_of_the_program_passes_too(error):
    @trace("function")
    def ends():
        with span("block"):
            raise error

    with Recording() as recording, pytest.raises(error):
        ends()
    assert [s.error for s in recording.trace.spans] == [error.__name__] * 2


def test_recursion_goes_half_as_deep_as_without_a_decorator():
    """A wrapper is a frame of its own: about 490 of 990 calls remain under the default limit."""

    def plain(n):
        return 0 if n == 0 else other(n - 1)

    def other(n):
        return 0 if n == 0 else plain(n - 1)

    def deepest():
        reached = 0
        with contextlib.suppress(RecursionError):
            for reached in range(10, 10_000, 5):
                plain(reached)
        return reached

    without = deepest()
    plain, other = trace("plain")(plain), trace("other")(other)
    with Recording() as recording:
        assert deepest() > 0.45 * without
        with span("after"):
            pass
    assert tree(recording)[-1] == ("after", None)
    assert all(s.end_ns >= s.start_ns for s in recording.trace.spans)


# Memory


def test_nothing_of_the_users_is_kept_once_a_span_has_ended():
    class Payload:
        pass

    class FailureError(Exception):
        pass

    alive = []

    @trace("function")
    def function(payload):
        alive.append(weakref.ref(payload))
        local = Payload()
        alive.append(weakref.ref(local))
        leave(enter("query", "q", {}, sys._getframe()))
        with span("block"):
            raise FailureError

    def calls():
        try:
            function(Payload())
        except FailureError as error:
            alive.append(weakref.ref(error))

    with Recording() as recording:
        calls()
        source = trace("generator")(numbers)("inside")
        next(source)
        alive.extend((weakref.ref(source), weakref.ref(source.gi_frame.f_locals.get("self", source))))
        del source
        gc.collect()
        assert [ref() for ref in alive] == [None] * 5
    assert recording.counts["span"] == 5


def test_a_recording_is_let_go_after_its_end():
    with Recording() as recording:
        with span("outer"), span("inner"):
            leave(enter("query", "q", {}, sys._getframe()))
        for _ in numbers():
            pass
    with Recording() as outer, Recording() as inner:
        pass
    alive = [weakref.ref(r) for r in (recording, outer, inner)]
    del recording, outer, inner
    gc.collect()
    assert [ref() for ref in alive] == [None] * 3


def test_ended_spans_do_not_pile_up_behind_each_other():
    """Each span keeps only those that were open around it, however many there were before."""
    with Recording(max_spans=10) as recording:
        for _ in numbers("generator", 2_000):
            with span("consumer"):
                pass
        first = weakref.ref(here().recording)
        assert first() is recording
        reachable, steps = here(), 0
        while reachable.parent is not None:
            reachable, steps = reachable.parent, steps + 1
        assert steps <= 4


# Call paths


@pytest.mark.parametrize("steps", [callpath.MAX_STEPS, 3])
def test_callers_that_look_alike_are_told_apart(monkeypatch, steps):
    """Their calls stand at the same offset of their bytecode."""
    monkeypatch.setattr(callpath, "MAX_STEPS", steps)

    def first():
        return query()

    def second():
        return query()

    def third():
        return query()

    def query():
        leave(enter("query", "q", {}, sys._getframe()))

    callers = [first, second, third] * 2
    with Recording() as recording:
        for caller in callers:
            caller()
    for s, caller in zip(recording.trace.spans, callers, strict=True):
        assert [frame.function.rpartition(".")[2] for frame in s.path[:3]] == [
            "query",
            caller.__name__,
            "test_callers_that_look_alike_are_told_apart",
        ]
        assert s.path[1].line == caller.__code__.co_firstlineno + 1


def test_deep_recursion_in_many_ways_is_bounded_in_memory(monkeypatch):
    callpath.forget()
    monkeypatch.setattr(callpath, "MAX_STEPS", 500)

    def dive(turns):
        if not turns:
            leave(enter("query", "q", {}, sys._getframe()))
        elif turns[0]:
            dive(turns[1:])
        else:
            dive(turns[1:])

    with Recording() as recording:
        for turns in itertools.product((False, True), repeat=8):
            dive(turns)
    lines = {tuple(frame.line for frame in s.path[:9]) for s in recording.trace.spans}
    assert len(lines) == 2**8
    assert len(callpath._codes) < 2_000
