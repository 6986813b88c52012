import asyncio
import contextvars
import sys
import threading

from tests.profiling.tools import NotingTool, capture_with


def measured(kind="cpu", name="inner"):
    """The warnings of a capture here and now; [] when it measured."""
    with capture_with(NotingTool(), name, kind) as capture:
        pass
    assert (capture.profile is None) == bool(capture.warnings)
    return capture.warnings


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_a_capture_inside_another_is_a_part_of_it():
    with capture_with(NotingTool(), "outer") as outer:
        assert measured() == [
            "nothing was measured by itself: this is a part of the cpu capture 'outer', which was under way"
        ]
    assert outer.profile is not None
    assert measured() == []


def test_threads_have_a_cpu_capture_each():
    with capture_with(NotingTool(), "outer"):
        assert in_a_thread(measured) == []


def test_memory_is_measured_once_for_all_threads():
    with capture_with(NotingTool(), "tall", "memory"):
        expected = [
            "nothing was measured by itself: this is a part of the memory capture 'tall', which was under way"
        ]
        assert measured("memory") == expected
        assert in_a_thread(lambda: measured("memory")) == expected


def test_time_and_memory_are_not_measured_together():
    with capture_with(NotingTool(), "outer", "memory"):
        expected = [
            "nothing was measured: the memory capture 'outer' was under way, and each would measure the other"
        ]
        assert measured("cpu") == expected
        assert in_a_thread(lambda: measured("cpu")) == expected
    with capture_with(NotingTool(), "outer", "cpu"):
        assert in_a_thread(lambda: measured("memory")) == [
            "nothing was measured: the cpu capture 'outer' was under way, and each would measure the other"
        ]


ELSEWHERE = "was under way in another task, and a thread has one at a time"


def test_of_concurrent_tasks_one_is_measured():
    async def work(name):
        with capture_with(NotingTool(), name) as capture:
            await asyncio.sleep(0)
        return capture.warnings

    async def main():
        return await asyncio.gather(work("a"), work("b"))

    first, second = asyncio.run(main())
    assert first == []
    assert second == [f"nothing was measured: the cpu capture 'a' {ELSEWHERE}"]


def test_a_task_started_inside_is_a_part():
    async def work():
        return measured()

    async def main():
        with capture_with(NotingTool(), "outer"):
            return await asyncio.create_task(work())

    assert asyncio.run(main())[0].startswith("nothing was measured by itself")


def test_a_task_that_outlives_the_capture_it_was_started_in_may_measure():
    async def work():
        await asyncio.sleep(0)
        return measured()

    async def main():
        with capture_with(NotingTool(), "outer"):
            task = asyncio.create_task(work())
        return await task

    assert asyncio.run(main()) == []


def test_a_capture_ended_in_another_context_leaves_nothing_behind():
    capture = capture_with(NotingTool(), "outer")
    contextvars.copy_context().run(capture.begin)
    capture.finish()
    assert measured() == []


def test_a_thread_that_ended_with_its_capture_open_is_forgotten():
    forgotten = capture_with(NotingTool(), "forgotten")
    in_a_thread(forgotten.begin)
    assert measured("memory") == []
    assert forgotten.finish() is not None


def test_another_profiler_at_work_is_left_alone():
    def hook(frame, event, arg):
        pass

    sys.setprofile(hook)
    try:
        warnings = measured()
        assert sys.getprofile() is hook
    finally:
        sys.setprofile(None)
    name = "test_another_profiler_at_work_is_left_alone.<locals>.hook"
    assert warnings == [f"nothing was measured: another profiler is at work in this thread ({name})"]
