import asyncio
import tempfile
import threading
from itertools import repeat

import pytest

from perfkit.profiling import memory
from perfkit.tracing import Recording
from tests.profiling.programs import run

memray = pytest.importorskip("memray", reason="memray does not run on this system")

HERE = "tests/profiling/test_memray.py"
SIZE = 50_000_000


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """The folder that takes the temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def line_of(profile, place=0):
    """The text of the line that is the largest site."""
    frame = profile.top[place].frame
    assert frame.file == HERE
    with open(__file__, encoding="utf-8") as source:
        return source.readlines()[frame.line - 1].strip()


def test_the_peak_its_line_and_all_allocations_are_found(files):
    @memory
    def load():
        table = bytearray(SIZE)
        del table
        return len([bytes(100) for _ in repeat(None, 20_000)])

    assert load() == 20_000
    profile = load.capture.profile
    assert (profile.kind, profile.tool) == ("memory", f"memray {memray.__version__}")
    assert SIZE <= profile.peak_bytes <= SIZE * 1.001
    assert line_of(profile) == "table = bytearray(SIZE)"
    assert profile.top[0].frame.function == "test_the_peak_its_line_and_all_allocations_are_found.load"
    assert profile.top[0].bytes == pytest.approx(SIZE, rel=0.001)
    assert profile.top[0].count in (1, 2)
    assert 20_000 < profile.allocations < 20_500
    assert profile.allocated_bytes > profile.peak_bytes + 20_000 * 100
    assert profile.duration_ns > 0
    assert load.capture.warnings == []
    assert list(files.iterdir()) == []


def test_the_tree_leads_from_the_capture_to_the_allocation():
    def inner():
        return bytearray(SIZE)

    with memory("block") as capture:
        kept = inner()
    assert len(kept) == SIZE
    name = "test_the_tree_leads_from_the_capture_to_the_allocation"
    lines = capture.profile.tree.collapsed()
    path, _, size = max(lines, key=lambda line: int(line.rpartition(" ")[2])).rpartition(" ")
    assert [frame.partition(" ")[0] for frame in path.split(";")] == [name, f"{name}.inner"]
    assert int(size) == pytest.approx(SIZE, rel=0.001)
    assert sum(capture.profile.tree.value) == pytest.approx(capture.profile.peak_bytes, rel=0.001)


def test_what_a_library_holds_is_put_down_to_the_line_that_called_it():
    import json

    text = "[" + ",".join(["1.5"] * 100_000) + "]"
    with memory("parse") as capture:
        numbers = json.loads(text)
    assert len(numbers) == 100_000
    assert line_of(capture.profile) == "numbers = json.loads(text)"
    assert capture.profile.top[0].count >= 99_000
    assert "raw_decode (json.decoder)" in "\n".join(capture.profile.tree.collapsed())


def test_without_totals_the_peak_is_the_same(files):
    with memory("load", totals=False) as capture:
        kept = bytearray(SIZE)
    assert len(kept) == SIZE
    profile = capture.profile
    assert profile.peak_bytes == pytest.approx(SIZE, rel=0.001)
    assert line_of(profile) == "kept = bytearray(SIZE)"
    assert (profile.allocations, profile.allocated_bytes) == (None, None)
    assert list(files.iterdir()) == []


def test_an_exception_passes_and_the_profile_is_kept(files):
    def load():
        kept = bytearray(SIZE)
        raise MemoryError(f"too large: {len(kept)}")

    with Recording() as recording, pytest.raises(MemoryError, match="too large"):
        memory(load)()
    (profile,) = recording.profiles
    assert profile.error == "MemoryError"
    assert line_of(profile) == "kept = bytearray(SIZE)"
    assert list(files.iterdir()) == []


def test_what_was_there_before_is_not_counted():
    before = bytearray(SIZE)
    with memory("little") as capture:
        before.clear()
    assert capture.profile.peak_bytes < 100_000


def test_other_threads_are_counted():
    kept = []

    def work():
        kept.append(bytearray(SIZE))

    with memory("threads") as capture:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert capture.profile.peak_bytes == pytest.approx(SIZE, rel=0.01)
    assert line_of(capture.profile) == "kept.append(bytearray(SIZE))"


def test_a_coroutine_is_measured():
    @memory
    async def load():
        await asyncio.sleep(0)
        kept = bytearray(SIZE)
        await asyncio.sleep(0)
        return len(kept)

    assert asyncio.run(load()) == SIZE
    assert line_of(load.capture.profile) == "kept = bytearray(SIZE)"


def test_a_generator_is_measured_to_its_end():
    @memory
    def chunks():
        for _ in range(3):
            chunk = bytearray(SIZE)
            yield len(chunk)
            del chunk

    assert sum(chunks()) == 3 * SIZE
    profile = chunks.capture.profile
    assert profile.peak_bytes == pytest.approx(SIZE, rel=0.001)
    assert profile.allocated_bytes == pytest.approx(3 * SIZE, rel=0.001)
    assert line_of(profile) == "chunk = bytearray(SIZE)"


def test_nested_captures_are_part_of_the_outer_one():
    with memory("outer") as outer, memory("inner") as inner:
        kept = bytearray(SIZE)
    assert len(kept) == SIZE
    assert inner.profile is None
    assert inner.warnings[0].startswith("nothing was measured by itself")
    assert outer.profile.peak_bytes == pytest.approx(SIZE, rel=0.001)


def test_a_capture_may_end_in_another_thread():
    capture = memory("elsewhere")
    capture.begin()
    kept = bytearray(SIZE)
    thread = threading.Thread(target=capture.finish)
    thread.start()
    thread.join()
    assert len(kept) == SIZE
    assert capture.profile.peak_bytes == pytest.approx(SIZE, rel=0.001)


def test_the_users_own_tracker_is_left_alone(files):
    with memray.Tracker(files / "users.bin"), memory("inner") as capture:
        pass
    assert capture.profile is None
    assert capture.warnings[0].startswith("nothing was measured: RuntimeError: No more than one Tracker")
    assert [path.name for path in files.iterdir()] == ["users.bin"]
    with memory("after") as after:
        pass
    assert after.warnings == []


def test_a_damaged_file_is_a_warning_and_removed(files):
    with memory("load") as capture:
        (file,) = files.iterdir()
        file.unlink()
        file.write_bytes(b"nothing of use")
    assert capture.profile is None
    assert capture.warnings[0].startswith("the profile could not be read: ")
    assert list(files.iterdir()) == []


def test_calls_within_a_recording_keep_the_highest_peak():
    @memory
    def load(size):
        return len(bytearray(size))

    with Recording() as recording:
        for size in (1000, SIZE, 2000):
            load(size)
    (profile,) = recording.profiles
    assert profile.calls == 3
    assert profile.peak_bytes == pytest.approx(SIZE, rel=0.001)


FORKS = """
import os, sys, tempfile
from perfkit.profiling import memory
with memory("parent") as capture:
    kept = bytearray(3_000_000)
    child = os.fork()
    if child == 0:
        with memory("child") as own:
            more = bytearray(7_000_000)
        files = os.listdir(tempfile.gettempdir())
        print(capture.finish(), round(own.profile.peak_bytes, -6), len(files), flush=True)
        sys.exit()
    os.waitpid(child, 0)
print(round(capture.profile.peak_bytes, -6), os.listdir(tempfile.gettempdir()))
"""


def test_a_fork_is_not_followed_and_its_parents_file_stays(files):
    code, out, _ = run(FORKS, TMPDIR=str(files))
    assert (code, out) == (0, "None 7000000 1\n3000000 []\n")


@pytest.mark.parametrize("then", ["", "del capture"])
def test_a_capture_that_never_ends_leaves_no_file(files, then):
    code = f"""
from perfkit.profiling import memory
capture = memory("endless")
capture.begin()
{then}
raise SystemExit(3)
"""
    assert run(code, TMPDIR=str(files)) == (3, "", "")
    assert list(files.iterdir()) == []


def test_the_parents_file_outlives_a_fork_that_ends_by_itself(files):
    code = """
import os, sys
from perfkit.profiling import memory
with memory("parent") as capture:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
if child:
    print(capture.profile is not None)
"""
    code, out, _ = run(code, TMPDIR=str(files))
    assert (code, out) == (0, "True\n")
    assert list(files.iterdir()) == []
