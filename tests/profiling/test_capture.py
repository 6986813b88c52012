import asyncio
import os
import threading

import pytest

from perfkit.errors import UsageError
from perfkit.profiling import suspended
from perfkit.profiling.attaching import MAX_PROFILES, SLOWED, TOO_MANY
from perfkit.tracing import Recording
from tests.profiling.programs import run
from tests.profiling.tools import NotingTool, capture_with

NOTED = f"{SLOWED} (noting 1.0)"


def test_a_block_gives_a_profile():
    tool = NotingTool()
    with capture_with(tool, "load") as capture:
        assert capture.profile is None
    profile = capture.profile
    assert (profile.kind, profile.name, profile.tool, profile.calls) == ("cpu", "load", "noting 1.0", 1)
    assert profile.duration_ns > 0
    assert (profile.error, profile.warnings, capture.warnings) == (None, [], [])
    assert tool.calls == ["resume", "pause", "read"]
    assert tool.callers == ["test_a_block_gives_a_profile"]


def test_an_async_block_gives_a_profile():
    tool = NotingTool()

    async def main():
        async with capture_with(tool) as capture:
            await asyncio.sleep(0)
        return capture.profile

    assert asyncio.run(main()).name == "test_an_async_block_gives_a_profile.main"
    assert tool.callers == ["main"]


def test_without_a_name_it_is_that_of_the_function_it_is_in():
    with capture_with(NotingTool()) as capture:
        pass
    assert capture.profile.name == "test_without_a_name_it_is_that_of_the_function_it_is_in"


def test_begin_and_finish_do_without_a_block():
    capture = capture_with(NotingTool(), "program")
    capture.begin()
    profile = capture.finish(KeyboardInterrupt())
    assert profile.error == "KeyboardInterrupt"
    assert capture.finish() is profile
    assert capture_with(NotingTool()).finish() is None


def test_an_exception_passes_and_its_name_is_kept():
    error = ValueError("secret")
    capture = capture_with(NotingTool())
    with pytest.raises(ValueError, match="secret") as caught, capture:
        raise error
    assert caught.value is error
    assert capture.profile.error == "ValueError"


def test_a_capture_may_be_used_again_but_not_inside_itself():
    capture = capture_with(NotingTool())
    with capture:
        first_warnings = capture.warnings
        with pytest.raises(UsageError, match="under way already"):
            capture.begin()
    first = capture.profile
    with capture:
        assert capture.profile is None
    assert capture.profile is not first
    assert first_warnings == []


@pytest.mark.parametrize(
    ("fails_in", "warning", "calls"),
    [
        ("resume", "nothing was measured: OSError: disk full", ["resume"]),
        ("pause", "the profile may be incomplete: OSError: disk full", ["resume", "pause", "read"]),
        ("read", "the profile could not be read: OSError: disk full", ["resume", "pause", "read"]),
    ],
)
def test_a_failing_tool_is_a_warning_and_the_next_capture_works(fails_in, warning, calls):
    tool = NotingTool(fails_in=fails_in)
    with Recording() as recording, capture_with(tool, "load") as capture:
        pass
    assert capture.warnings == [warning]
    assert f"load: {warning}" in recording.trace.warnings
    assert tool.calls == calls
    assert (capture.profile is None) == (fails_in != "pause")
    with capture_with(NotingTool()) as after:
        pass
    assert after.profile is not None


def test_a_tool_that_cannot_be_made_is_a_warning():
    def make():
        raise ImportError("no such library")

    capture = capture_with(NotingTool())
    capture._make_tool = make
    with capture:
        pass
    assert capture.warnings == ["nothing was measured: ImportError: no such library"]


def test_a_recording_gets_the_profile_and_warns_of_its_times():
    with Recording() as recording:
        with capture_with(NotingTool(), "load") as capture:
            assert recording.trace.warnings == [NOTED]
        with capture_with(NotingTool(), "parse"):
            pass
    assert recording.profiles[0] is capture.profile
    assert [profile.name for profile in recording.profiles] == ["load", "parse"]
    assert recording.trace.warnings == [NOTED]


def test_captures_of_one_name_and_kind_are_added_up():
    with Recording() as recording:
        for kind in ("cpu", "memory", "cpu"):
            with capture_with(NotingTool(), "load", kind):
                pass
    assert [(p.kind, p.calls, p.samples) for p in recording.profiles] == [("cpu", 2, 2), ("memory", 1, 1)]


def test_a_recording_around_gets_the_profiles_of_the_inner_one():
    with Recording() as outer:
        with Recording() as inner, capture_with(NotingTool(), "load"):
            pass
        with capture_with(NotingTool(), "load"):
            pass
    assert [(p.name, p.calls) for p in inner.profiles] == [("load", 1)]
    assert [(p.name, p.calls) for p in outer.profiles] == [("load", 2)]


def test_a_recording_keeps_so_many_profiles_and_says_so():
    with Recording() as recording:
        for n in range(MAX_PROFILES + 2):
            with capture_with(NotingTool(), f"request {n}"):
                pass
    assert len(recording.profiles) == MAX_PROFILES
    assert recording.trace.warnings == [NOTED, TOO_MANY]


def test_while_suspended_nothing_is_made_and_that_is_said_once():
    tool = NotingTool()
    with Recording() as recording, suspended("a bench cell takes times"):
        for _ in range(2):
            with capture_with(tool, "load") as capture:
                pass
    assert capture.profile is None
    assert capture.warnings == ["nothing was measured: a bench cell takes times"]
    assert recording.trace.warnings == ["load: nothing was measured: a bench cell takes times"]
    assert (tool.calls, recording.profiles) == ([], [])
    with capture_with(tool):
        pass
    assert tool.calls == ["resume", "pause", "read"]


def test_suspensions_nest():
    with suspended("outer"), suspended("inner"), capture_with(NotingTool()) as capture:
        pass
    assert capture.warnings == ["nothing was measured: inner"]


def test_while_suspended_other_threads_measure_nothing_either():
    found = []

    def work():
        with capture_with(NotingTool()) as capture:
            found.append(capture.warnings)

    with suspended("a bench cell takes times"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found == [["nothing was measured: a bench cell takes times"]]


FORK = """
import os
from tests.profiling.programs import run
from tests.profiling.tools import NotingTool, capture_with
tool = NotingTool()
with capture_with(tool, "parent") as capture:
    child = os.fork()
    if child == 0:
        with capture_with(NotingTool(), "child") as own:
            pass
        print(tool.calls, capture.finish(), capture.warnings, own.profile.name, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
print(tool.calls)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_abandons_what_its_parent_measures():
    code, out, _ = run(FORK)
    assert code == 0
    assert out.splitlines() == ["['resume', 'abandon'] None [] child", "['resume', 'pause', 'read']"]
