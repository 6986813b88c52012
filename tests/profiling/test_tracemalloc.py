import tracemalloc

import pytest

from perfkit.profiling import memory

HERE = "tests/profiling/test_tracemalloc.py"
SIZE = 50_000_000
END_ONLY = "tracemalloc knows the peak's height only: the sites are of what was alive at the end"


def line_of(site):
    with open(__file__, encoding="utf-8") as source:
        return source.readlines()[site.frame.line - 1].strip()


def test_the_peak_and_what_is_alive_at_the_end():
    @memory(tool="tracemalloc")
    def load():
        table = bytearray(SIZE)
        del table
        return [bytes(1000) for _ in range(1000)]

    with memory("outer", tool="tracemalloc") as capture:
        kept = [bytes(1000) for _ in range(1000)]
        gone = bytearray(SIZE)
        del gone
    profile = capture.profile
    assert len(kept) == 1000
    assert (profile.tool, profile.warnings) == ("tracemalloc", [END_ONLY])
    assert profile.peak_bytes == pytest.approx(SIZE + 1_033_000, rel=0.001)
    assert (profile.allocations, profile.allocated_bytes) == (None, None)
    site = profile.top[0]
    assert site.frame.file == HERE
    assert site.frame.function == "test_the_peak_and_what_is_alive_at_the_end"
    assert line_of(site) == "kept = [bytes(1000) for _ in range(1000)]"
    assert site.count == pytest.approx(1000, abs=5)
    assert site.bytes == pytest.approx(1_041_000, rel=0.01)
    assert not tracemalloc.is_tracing()

    load()
    assert load.capture.profile.peak_bytes == pytest.approx(SIZE, rel=0.001)


def test_the_tree_leads_from_the_capture_to_the_allocation():
    def inner():
        return bytearray(SIZE)

    with memory(tool="tracemalloc") as capture:
        kept = inner()
    assert len(kept) == SIZE
    path, _, size = max(
        capture.profile.tree.collapsed(), key=lambda line: int(line.rpartition(" ")[2])
    ).rpartition(" ")
    name = "test_the_tree_leads_from_the_capture_to_the_allocation"
    assert [frame.partition(" ")[0] for frame in path.split(";")] == [name, f"{name}.inner"]
    assert int(size) == pytest.approx(SIZE, rel=0.001)


def test_libraries_are_shown_by_module_and_line():
    import json

    with memory(tool="tracemalloc") as capture:
        kept = json.loads("[" + ",".join(["1.5"] * 10_000) + "]")
    assert len(kept) == 10_000
    assert line_of(capture.profile.top[0]).startswith("kept = json.loads(")
    assert any(line.split(";")[-1].startswith("json.decoder:") for line in capture.profile.tree.collapsed())


@pytest.fixture
def users_tracing():
    tracemalloc.start(5)
    yield
    tracemalloc.stop()


def test_tracing_of_the_program_itself_goes_on_and_its_memory_is_not_counted(users_tracing):
    before = bytearray(1_000_000)
    with memory(tool="tracemalloc") as capture:
        kept = bytearray(SIZE)
    profile = capture.profile
    assert tracemalloc.is_tracing()
    assert tracemalloc.get_traceback_limit() == 5
    assert tracemalloc.get_traced_memory()[0] > SIZE + len(before) - 1
    assert profile.peak_bytes == pytest.approx(SIZE, rel=0.01)
    assert [line_of(site) for site in profile.top[:1]] == ["kept = bytearray(SIZE)"]
    assert profile.top[0].bytes == pytest.approx(len(kept), rel=0.001)
    assert profile.warnings == [END_ONLY]


def test_a_peak_of_the_program_before_hides_ours_and_that_is_said(users_tracing):
    tall = bytearray(2 * SIZE)
    del tall
    with memory(tool="tracemalloc") as capture:
        kept = bytearray(1_000_000)
    assert len(kept) == 1_000_000
    assert capture.profile.peak_bytes == pytest.approx(1_000_000, rel=0.1)
    assert capture.profile.warnings == [
        END_ONLY,
        "the program's own tracemalloc had a higher peak before: the peak here is of the end",
    ]
    assert tracemalloc.get_traced_memory()[1] > 2 * SIZE


def test_tracing_that_somebody_stops_meanwhile_is_a_warning():
    with memory(tool="tracemalloc") as capture:
        tracemalloc.stop()
    assert capture.profile is None
    assert capture.warnings[0].startswith("the profile may be incomplete: RuntimeError")


def test_an_exception_passes_and_the_profile_is_kept():
    capture = memory(tool="tracemalloc")
    with pytest.raises(KeyError), capture:
        raise KeyError
    assert capture.profile.error == "KeyError"
    assert not tracemalloc.is_tracing()
