import asyncio
import functools
import inspect
from contextlib import aclosing

import pytest

from perfkit.errors import UsageError
from perfkit.profiling.capture import Capture
from tests.profiling.tools import NotingTool

made = []


def profiled(function=None, *, pauses_between_steps=True, name=None):
    def make():
        made.append(NotingTool(pauses_between_steps=pauses_between_steps))
        return made[-1]

    made.clear()
    capture = Capture("cpu", name, make)
    return capture if function is None else capture(function)


def calls():
    return [tool.calls for tool in made]


ONCE = ["resume", "pause", "read"]


def test_a_function_keeps_its_name_signature_and_answer():
    @profiled
    def add(a: int, *, b: int = 2) -> int:
        """Adds."""
        return a + b

    assert add.capture is None
    assert (add(1), add(1, b=4)) == (3, 5)
    assert (add.__name__, add.__doc__, str(inspect.signature(add))) == (
        "add",
        "Adds.",
        "(a: int, *, b: int = 2) -> int",
    )
    assert calls() == [ONCE, ONCE]
    assert add.capture.profile.name == "test_a_function_keeps_its_name_signature_and_answer.add"


def test_a_name_may_be_given():
    @profiled(name="addition")
    def add():
        pass

    add()
    assert add.capture.profile.name == "addition"


def test_of_recursive_calls_the_outermost_is_measured():
    @profiled
    def count(n):
        return 0 if n == 0 else 1 + count(n - 1)

    assert count(5) == 5
    assert calls() == [ONCE]
    assert count.capture.profile is not None


def test_methods_of_all_kinds():
    class Shop:
        @profiled
        def sell(self):
            return "sold"

        @classmethod
        @profiled
        def open(cls):
            return cls.__name__

        @profiled
        @staticmethod
        def rate():
            return 7

    assert (Shop().sell(), Shop.open(), Shop.rate()) == ("sold", "Shop", 7)
    assert Shop.sell.capture.profile.name == "test_methods_of_all_kinds.Shop.sell"
    assert Shop.rate.capture.profile.name == "test_methods_of_all_kinds.Shop.rate"


def test_partials_and_callable_objects():
    class Adder:
        def __call__(self, a, b):
            return a + b

    assert profiled(functools.partial(Adder(), 1))(2) == 3
    assert profiled(Adder())(1, 2) == 3


@pytest.mark.parametrize("target", [int, 5])
def test_what_is_no_function_is_refused(target):
    with pytest.raises(UsageError, match="profiling works on functions"):
        profiled()(target)


def test_an_exception_passes_untouched():
    error = KeyError("k")

    @profiled
    def fail():
        raise error

    with pytest.raises(KeyError) as caught:
        fail()
    assert caught.value is error
    assert fail.capture.profile.error == "KeyError"


def test_a_coroutine_function_stays_one_and_is_measured_while_awaited():
    @profiled
    async def load(n):
        await asyncio.sleep(0)
        return n

    assert inspect.iscoroutinefunction(load)
    coroutine = load(4)
    assert made == []
    assert asyncio.run(coroutine) == 4
    assert calls() == [ONCE]


def test_a_cancelled_coroutine_says_so():
    @profiled
    async def wait():
        await asyncio.sleep(60)

    async def main():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert wait.capture.profile.error == "CancelledError"


def conversation():
    """A generator with an answer to everything."""
    heard = []
    try:
        while len(heard) < 3:
            try:
                heard.append((yield len(heard)))
            except LookupError as error:
                heard.append(error.args[0])
    finally:
        heard.append("end")
    return heard


def talk(generator):
    said = [next(generator), generator.send("a"), generator.throw(LookupError("b"))]
    with pytest.raises(StopIteration) as end:
        generator.send("c")
    return said, end.value.value


def test_a_generator_keeps_its_protocol_and_is_measured_step_by_step():
    wrapped = profiled(conversation)
    assert inspect.isgeneratorfunction(wrapped)
    generator = wrapped()
    assert made == []
    assert talk(generator) == talk(conversation())
    assert calls() == [["resume", "pause"] * 4 + ["read"]]
    assert wrapped.capture.profile.error is None


def test_a_tool_that_cannot_pause_measures_the_consumer_too():
    wrapped = profiled(pauses_between_steps=False)(conversation)
    talk(wrapped())
    assert calls() == [ONCE]


def test_a_generator_closed_early_is_closed_and_read():
    closed = []

    @profiled
    def numbers():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    for _ in numbers():
        break
    assert closed == [True]
    assert calls() == [["resume", "pause", "read"]]
    assert numbers.capture.profile.error is None


def test_a_generator_that_fails_says_so():
    @profiled
    def numbers():
        yield 1
        raise ZeroDivisionError

    generator = numbers()
    next(generator)
    with pytest.raises(ZeroDivisionError):
        next(generator)
    assert numbers.capture.profile.error == "ZeroDivisionError"


def test_generators_may_be_interleaved():
    first, second = profiled(conversation), profiled(conversation)
    assert list(zip(first(), second(), strict=False)) == [(0, 0), (1, 1), (2, 2)]
    assert calls() == [["resume", "pause"] * 4 + ["read"], ["resume", "pause"] * 3 + ["read"]]


def test_an_async_generator_keeps_its_protocol_and_is_measured_step_by_step():
    async def conversation():
        heard = []
        while len(heard) < 2:
            try:
                heard.append((yield len(heard)))
            except LookupError as error:
                heard.append(error.args[0])
        yield heard

    async def talk(function):
        async with aclosing(function()) as generator:
            said = [
                await anext(generator),
                await generator.asend("a"),
                await generator.athrow(LookupError("b")),
            ]
            with pytest.raises(StopAsyncIteration):
                await generator.asend(None)
        return said

    wrapped = profiled(conversation)
    assert inspect.isasyncgenfunction(wrapped)
    assert asyncio.run(talk(wrapped)) == asyncio.run(talk(conversation)) == [0, 1, ["a", "b"]]
    assert calls() == [["resume", "pause"] * 4 + ["read"]]


def test_an_async_generator_closed_early_is_closed_and_read():
    closed = []

    @profiled
    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def main():
        async with aclosing(numbers()) as generator:
            assert await anext(generator) == 1

    asyncio.run(main())
    assert closed == [True]
    assert numbers.capture.profile.error is None


def test_an_async_generator_that_fails_says_so():
    @profiled
    async def numbers():
        yield 1
        raise ZeroDivisionError

    async def main():
        with pytest.raises(ZeroDivisionError):
            async for _ in numbers():
                pass

    asyncio.run(main())
    assert numbers.capture.profile.error == "ZeroDivisionError"
