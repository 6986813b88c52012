import asyncio
import sys
import threading

import pytest

from perfkit.model.profile import AWAITING
from perfkit.profiling import cpu
from perfkit.tracing import Recording
from tests.profiling.programs import run, spin, step

HERE = "tests/profiling/test_pyinstrument.py"
PROGRAMS = "tests/profiling/programs.py"


def functions(profile):
    """The names of all functions that were seen."""
    return {profile.tree.frames[frame].function for frame in profile.tree.frame}


def roots(profile):
    tree = profile.tree
    return {
        tree.frames[frame].function
        for frame, parent in zip(tree.frame, tree.parent, strict=True)
        if parent < 0
    }


def total_of(profile, function):
    """The time in which the function was under way, whatever its line."""
    tree = profile.tree
    return sum(
        value
        for node, value in enumerate(tree.value)
        if any(frame.function == function for frame in tree.path(node))
    )


def check_whole(profile):
    """The tree holds the capture's time, but for what came after the last sample."""
    assert profile.samples > 0
    assert 0 < sum(profile.tree.value) <= profile.duration_ns
    assert len(profile.tree.parent) == len(profile.tree.frame) == len(profile.tree.value)


@cpu
def page():
    spin()


def test_a_function_is_the_root_and_its_hottest_line_is_found():
    page()
    profile = page.capture.profile
    check_whole(profile)
    assert profile.kind == "cpu"
    assert profile.tool.startswith("pyinstrument ")
    assert profile.name == "page"
    assert profile.interval_ns == 1_000_000
    assert roots(profile) == {"page"}
    assert functions(profile) >= {"page", "spin"}
    hottest = profile.tree.hottest(1)[0].frame
    assert hottest.file == PROGRAMS
    assert hottest.function in ("step", "spin")
    assert hottest.line > 0
    assert any(line.startswith(f"page ({HERE}:") for line in profile.tree.collapsed())


def test_a_block_has_the_function_it_is_in_for_a_root():
    with cpu("block") as capture:
        spin()
    check_whole(capture.profile)
    assert roots(capture.profile) == {"test_a_block_has_the_function_it_is_in_for_a_root"}


def test_libraries_have_short_names():
    import json

    text = json.dumps([{"n": n} for n in range(1000)])
    with cpu(interval=0.0002) as capture:
        for _ in range(50):
            json.loads(text)
    places = {str(frame) for frame in capture.profile.tree.frames}
    assert places & {"json:0 in loads", "json.decoder:0 in decode", "json.decoder:0 in raw_decode"}
    assert "profiled" not in functions(capture.profile)


def test_what_is_over_at_once_says_that_there_is_no_sample():
    with cpu(interval=10.0) as capture:
        step()
    assert capture.profile.samples == 0
    assert capture.profile.tree.value == []
    assert capture.profile.warnings == ["no sample was taken: all was over within 10000 ms"]


def test_an_exception_passes_and_the_profile_is_kept():
    @cpu
    def fail():
        spin()
        raise ZeroDivisionError

    with Recording() as recording, pytest.raises(ZeroDivisionError):
        fail()
    (profile,) = recording.profiles
    check_whole(profile)
    assert profile.error == "ZeroDivisionError"
    assert sys.getprofile() is None


def test_a_coroutine_awaits_and_computes():
    @cpu
    async def load():
        await asyncio.sleep(0.02)
        spin()

    asyncio.run(load())
    profile = load.capture.profile
    check_whole(profile)
    assert profile.awaiting > 0
    assert total_of(profile, "spin") > 0
    awaited = [tree_path for tree_path in profile.tree.collapsed() if "[await]" in tree_path]
    assert awaited
    assert all("load (" in line for line in awaited)


def test_the_tasks_it_starts_are_seen_and_the_others_are_awaited():
    async def own_work():
        spin()

    async def other_work():
        await asyncio.sleep(0)
        spin()

    @cpu
    async def load():
        await asyncio.gather(own_work(), own_work())
        await asyncio.sleep(0.01)

    async def main():
        other = asyncio.create_task(other_work())
        await load()
        await other

    asyncio.run(main())
    profile = load.capture.profile
    name = "test_the_tasks_it_starts_are_seen_and_the_others_are_awaited"
    assert total_of(profile, f"{name}.own_work") > 0
    assert f"{name}.other_work" not in functions(profile)
    assert profile.awaiting > 0


def test_a_profile_begun_outside_the_loop_calls_its_waiting_awaiting():
    async def main():
        await asyncio.sleep(0.02)
        spin()

    with cpu("program") as capture:
        asyncio.run(main())
    profile = capture.profile
    check_whole(profile)
    assert profile.awaiting > 0
    assert total_of(profile, "spin") > 0
    assert "select" not in functions(profile)


def test_of_concurrent_tasks_one_is_profiled_and_none_fails():
    captures = []

    async def work():
        async with cpu("task") as capture:
            await asyncio.sleep(0)
            spin()
            await asyncio.sleep(0)
        captures.append(capture)
        return "done"

    async def main():
        return await asyncio.gather(*(work() for _ in range(3)))

    assert asyncio.run(main()) == ["done"] * 3
    assert sum(capture.profile is not None for capture in captures) >= 1
    assert all((capture.profile is None) == bool(capture.warnings) for capture in captures)
    assert sys.getprofile() is None


def test_threads_are_profiled_each_by_itself():
    profiles = []

    def work():
        with cpu("thread") as capture:
            spin()
        profiles.append(capture.profile)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(profiles) == 2
    for profile in profiles:
        check_whole(profile)


def test_nested_captures_are_part_of_the_outer_one():
    with cpu("outer") as outer:
        page()
        with cpu("inner") as inner:
            spin()
    assert inner.profile is None
    assert inner.warnings[0].startswith("nothing was measured by itself")
    assert functions(outer.profile) >= {"page", "spin"}
    assert "profiled" not in functions(outer.profile)


def consume(steps):
    for _ in steps:
        spin()


def test_a_generator_is_profiled_without_its_consumer():
    @cpu
    def numbers():
        for _ in range(3):
            step(100_000)
            spin()
            yield

    consume(numbers())
    profile = numbers.capture.profile
    check_whole(profile)
    assert roots(profile) == {"test_a_generator_is_profiled_without_its_consumer.numbers"}
    assert "consume" not in functions(profile)


def test_a_generator_with_steps_shorter_than_the_interval_is_profiled_all_the_same():
    @cpu
    def numbers():
        for _ in range(2000):
            step()
            yield

    for _ in numbers():
        pass
    profile = numbers.capture.profile
    check_whole(profile)
    assert roots(profile) == {
        "test_a_generator_with_steps_shorter_than_the_interval_is_profiled_all_the_same.numbers"
    }


def test_an_async_generator_is_profiled_without_its_consumer():
    @cpu
    async def numbers():
        for _ in range(3):
            await asyncio.sleep(0)
            spin()
            yield

    async def consume():
        async for _ in numbers():
            step(100_000)
            page()

    asyncio.run(consume())
    profile = numbers.capture.profile
    check_whole(profile)
    assert total_of(profile, "spin") > 0
    assert "page" not in functions(profile)


def test_a_task_that_outlives_a_capture_may_be_profiled_later():
    async def background(capture):
        await asyncio.sleep(0.001)
        with capture:
            spin()

    async def main():
        late = cpu("late")
        with cpu("early"):
            task = asyncio.create_task(background(late))
        await task
        return late

    late = asyncio.run(main())
    assert late.warnings == []
    check_whole(late.profile)


def test_a_capture_ended_in_another_thread_lets_go_of_its_own():
    begun, ended, hooks = threading.Event(), threading.Event(), []
    capture = cpu("elsewhere")

    def work():
        capture.begin()
        spin()
        begun.set()
        ended.wait(10)
        spin()
        hooks.append(sys.getprofile())

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(10)
    profile = capture.finish()
    ended.set()
    thread.join()
    assert hooks == [None]
    check_whole(profile)


def test_calls_within_a_recording_are_added_up():
    with Recording() as recording:
        page()
        page()
    (profile,) = recording.profiles
    assert profile.calls == 2
    assert profile.samples >= 2
    check_whole(profile)


def test_pyinstrument_writes_nothing_to_the_program():
    code = """
from perfkit.profiling import cpu
import pyinstrument.stack_sampler as sampler
sampler.timing_overhead = lambda: {"walltime": 1.0, "walltime_coarse": 1.0}
with cpu("work") as capture:
    sum(sum(range(n)) for n in range(2000))
print(capture.profile.samples > 0)
"""
    assert run(code) == (0, "True\n", "")


def test_awaiting_is_one_frame_however_the_loop_waits():
    async def main():
        await asyncio.sleep(0.01)

    with cpu(interval=0.0005) as capture:
        asyncio.run(main())
    below_awaiting = [
        node
        for node, parent in enumerate(capture.profile.tree.parent)
        if parent >= 0 and capture.profile.tree.path(parent)[-1] == AWAITING
    ]
    assert capture.profile.awaiting > 0
    assert below_awaiting == []
