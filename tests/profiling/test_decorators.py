import sys

import pytest

from perfkit.errors import ConfigError, MissingExtraError, UsageError
from perfkit.profiling import Capture, cpu, memory
from tests.profiling.programs import run


@pytest.mark.parametrize("profile", [cpu, memory])
def test_all_forms(profile):
    def work():
        return 5

    for decorated in (profile(work), profile()(work), profile("named")(work), profile(name="named")(work)):
        assert decorated() == 5
        assert decorated.capture.profile.kind == profile.__name__
    assert profile("named")(work).__name__ == "work"
    with profile("block") as capture:
        pass
    assert isinstance(capture, Capture)
    assert capture.profile.name == "block"


@pytest.mark.parametrize("interval", [0, -1.0, float("nan")])
def test_an_interval_is_above_zero(interval):
    with pytest.raises(UsageError, match="must be above zero"):
        cpu(interval=interval)


def test_without_pyinstrument_the_extra_is_named_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyinstrument", None)
    with pytest.raises(MissingExtraError, match=r"perfkit.cpu needs pyinstrument.*perfkit\[profile\]"):
        cpu(print)


@pytest.fixture
def no_memray(monkeypatch):
    monkeypatch.setitem(sys.modules, "memray", None)
    monkeypatch.delitem(sys.modules, "perfkit.profiling.memray", raising=False)


def test_without_memray_tracemalloc_measures(no_memray):
    with memory() as capture:
        pass
    assert capture.profile.tool == "tracemalloc"


def test_memray_by_name_needs_its_extra(no_memray):
    with pytest.raises(MissingExtraError, match=r"needs memray.*perfkit\[memory\]"):
        memory(tool="memray")


def test_the_environment_names_the_tool_and_the_argument_overrules_it(monkeypatch):
    pytest.importorskip("memray", reason="memray does not run on this system")
    monkeypatch.setenv("PERFKIT_MEMORY_TOOL", "tracemalloc")
    tools = []
    for tool in (None, "memray", "auto"):
        with memory(tool=tool) as capture:
            pass
        tools.append(capture.profile.tool.partition(" ")[0])
    assert tools == ["tracemalloc", "memray", "memray"]


def test_a_tool_that_does_not_exist_is_refused(monkeypatch):
    with pytest.raises(UsageError, match="no memory tool 'valgrind'; name one of auto, memray, tracemalloc"):
        memory(tool="valgrind")
    monkeypatch.setenv("PERFKIT_MEMORY_TOOL", "valgrind")
    with pytest.raises(ConfigError, match="PERFKIT_MEMORY_TOOL=valgrind"):
        memory()


def test_neither_tool_is_imported_before_it_is_used():
    code = """
import sys
from perfkit.profiling import cpu, memory, suspended
cpu(len), memory(len), cpu("a"), memory("b")
with suspended("no"), cpu("a"), memory("b"):
    pass
print(sorted({"pyinstrument", "memray", "tracemalloc", "asyncio", "tempfile"} & set(sys.modules)))
"""
    assert run(code) == (0, "[]\n", "")
