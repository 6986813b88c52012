"""Files of the real tools, and files that are none."""

import contextlib
import gzip
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.bench.compare.formats import FORMATS, load
from perfkit.errors import NewerSchemaError, RunFileError
from perfkit.model import Gate, Timing, Verdict
from perfkit.model.storage import write_run
from tests.report.sample import empty_run, sample_run

FILES = Path(__file__).parent / "files"
TOOLS = {"pytest-benchmark": "pytest_benchmark", "pyperf": "pyperf", "hyperfine": "hyperfine"}


def document(tool, side="base"):
    return json.loads((FILES / f"{TOOLS[tool]}_{side}.json").read_text())


def written(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize("tool", TOOLS)
def test_a_file_is_known_by_its_content(tool, tmp_path):
    path = written(tmp_path / "anything.txt", document(tool))
    assert load(path)[1].tool == tool
    assert sum(form.matches(document(tool)) for form in FORMATS) == 1


def test_pytest_benchmark():
    stored = load(FILES / "pytest_benchmark_base.json")[1]
    assert list(stored.benchmarks) == [
        "benchmarks/test_loops.py::test_sum",
        "benchmarks/test_loops.py::test_sort",
    ]
    stats = document("pytest-benchmark")["benchmarks"][0]["stats"]
    found = stored.benchmarks["benchmarks/test_loops.py::test_sum"]
    assert found.least_ns == pytest.approx(stats["min"] * 1e9, rel=1e-15)
    assert found.median_ns == pytest.approx(stats["median"] * 1e9, rel=1e-15)
    assert found.processes_ns == ()
    assert stored.machine == {"Python": "CPython 3.11.7", "system": "Linux x86_64", "processor": "AMD EPYC"}
    assert stored.hidden == {"machines": "runner-1"}


def test_pyperf_has_a_number_for_each_process():
    stored = load(FILES / "pyperf_base.json")[1]
    runs = document("pyperf")["benchmarks"][0]["runs"]
    found = stored.benchmarks["sum"]
    assert len(found.processes_ns) == len(runs) == 12
    assert found.processes_ns[0] == pytest.approx(sorted(runs[0]["values"])[1] * 1e9)
    assert found.least_ns == pytest.approx(min(min(run["values"]) for run in runs) * 1e9)
    assert list(stored.benchmarks) == ["sum", "sort"]
    assert stored.machine["Python"] == "cpython 3.11.7 (64-bit)"


def test_pyperf_of_one_benchmark_has_no_common_part(tmp_path):
    whole = document("pyperf")
    whole["benchmarks"] = whole["benchmarks"][:1]
    whole["benchmarks"][0]["metadata"] |= whole.pop("metadata")
    calibrated = {"metadata": {}, "warmups": [[1, 0.1]]}
    whole["benchmarks"][0]["runs"].insert(0, calibrated)
    stored = load(written(tmp_path / "one.json", whole))[1]
    assert len(stored.benchmarks["sum"].processes_ns) == 12
    assert stored.hidden == {"machines": "runner-1"}
    assert stored.machine["processor"] == "AMD EPYC"


def test_pyperf_of_memory_is_left_out_by_name(tmp_path):
    whole = document("pyperf")
    whole["benchmarks"][0]["metadata"]["unit"] = "byte"
    stored = load(written(tmp_path / "memory.json", whole))[1]
    assert list(stored.benchmarks) == ["sort"]
    assert stored.notes == ["sum counts bytes and not seconds: left out."]


def test_hyperfine_has_a_process_for_each_run():
    stored = load(FILES / "hyperfine_base.json")[1]
    found = stored.benchmarks["python import.py"]
    assert found.processes_ns[0] == 51_200_000
    assert found.median_ns == 51_200_000
    assert found.least_ns == 50_800_000
    assert found.broken == ""


def test_hyperfine_without_single_times_has_its_summary(tmp_path):
    whole = document("hyperfine")
    for result in whole["results"]:
        del result["times"]
    found = load(written(tmp_path / "old.json", whole))[1].benchmarks["python import.py"]
    assert (found.least_ns, found.median_ns, found.processes_ns) == (50_800_000, 51_200_000, ())


def test_hyperfine_runs_that_failed_are_told(tmp_path):
    whole = document("hyperfine")
    whole["results"][0]["exit_codes"][:3] = [1, None, 0]
    found = load(written(tmp_path / "failing.json", whole))[1].benchmarks["python import.py"]
    assert found.broken == "2 of 10 runs ended with another exit code than 0"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (
            "curl -H 'Authorization: Bearer zx81' http://host",
            "curl -H 'Authorization: Bearer ***' http://host",
        ),
        ("psql postgresql://me:zx81@db/shop", "psql postgresql://***@db/shop"),
        ("run --password=zx81 --size 3", "run --password=*** --size 3"),
        ("API_KEY=zx81 ./run", "API_KEY=*** ./run"),
        ("python bench_parse.py --rounds 5", "python bench_parse.py --rounds 5"),
    ],
)
def test_a_command_line_keeps_no_secrets(command, shown, tmp_path):
    whole = document("hyperfine")
    whole["results"][0]["command"] = command
    assert next(iter(load(written(tmp_path / "run.json", whole))[1].benchmarks)) == shown


def test_two_benchmarks_of_one_name_are_numbered(tmp_path):
    whole = document("hyperfine")
    whole["results"].append(whole["results"][0])
    assert list(load(written(tmp_path / "twice.json", whole))[1].benchmarks) == [
        "python import.py",
        "python export.py",
        "python import.py (2)",
    ]


def test_gzipped_files_are_read(tmp_path):
    data = (FILES / "pyperf_base.json").read_bytes()
    (tmp_path / "run.json.gz").write_bytes(gzip.compress(data))
    read, stored = load(tmp_path / "run.json.gz")
    assert read == data
    assert "sum" in stored.benchmarks


def test_a_bench_run_in_virtual_time_is_its_cells(tmp_path):
    stored = load(write_run(sample_run(), tmp_path / "run.json.gz"))[1]
    assert stored.tool == "perfkit bench in virtual time"
    assert stored.benchmarks == {}
    assert stored.run.scenarios[0].name == "leads"


def test_a_bench_run_in_wall_time_has_a_benchmark_for_each_cell(tmp_path):
    run = sample_run(groups=("aiohttp",), sizes=[20], repeats=3)
    run.clock = "wall"
    stored = load(write_run(run, tmp_path / "run.json"))[1]
    cell = run.scenarios[0].cells[0]
    found = stored.benchmarks[f"leads {cell.world}/{cell.strategy} (20 leads)"]
    assert found.least_ns == min(sample.elapsed_ns for sample in cell.samples)
    assert found.median_ns == cell.elapsed_ns
    assert found.processes_ns == ()


def test_a_gate_run_has_the_times_of_its_head(tmp_path):
    run = sample_run()
    run.kind, run.scenarios = "gate", []
    run.gate = Gate(
        timings=[Timing("parse", Verdict.NO_CHANGE, head_ns=1200), Timing("new", Verdict.INCONCLUSIVE)]
    )
    stored = load(write_run(run, tmp_path / "gate.json"))[1]
    assert list(stored.benchmarks) == ["parse"]
    assert stored.benchmarks["parse"].median_ns == 1200


def test_a_gate_run_of_counters_says_where_those_are_kept(tmp_path):
    run = sample_run()
    run.kind, run.gate = "gate", Gate(compared=3)
    with pytest.raises(RunFileError, match=r"without times.*baselines.*git diff"):
        load(write_run(run, tmp_path / "gate.json"))


def test_a_run_of_another_kind_is_named(tmp_path):
    with pytest.raises(RunFileError, match="of kind 'tune'; compared are those of bench, gate, trace, ana"):
        load(write_run(empty_run(kind="tune"), tmp_path / "tune.json"))


def test_a_run_of_a_newer_perfkit(tmp_path):
    with pytest.raises(NewerSchemaError, match="Update perfkit"):
        load(written(tmp_path / "new.json", {"schema": 999, "kind": "bench"}))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty; read are perfkit's stored runs"),
        (" \n", "is empty"),
        ("<xml/>", "is no JSON"),
        ('{"a": [1, 2', "is no JSON"),
        ("[1, 2]", "holds a list in place of a result"),
        ("3", "holds a int"),
        ("{}", "no benchmark result that is known .it holds nothing"),
        ({"version": "2.1.0", "runs": []}, "it holds runs, version"),
        ({"schema": 2, "kind": "bench"}, "is not a whole perfkit run"),
        ({"machine_info": {}, "benchmarks": []}, "holds no benchmarks: was anything collected"),
        (
            {"machine_info": {}, "benchmarks": [{"name": "a"}]},
            "looks like pytest-benchmark's and is not whole",
        ),
        ({"machine_info": [], "benchmarks": []}, "looks like pytest-benchmark's and is not whole"),
        ({"benchmarks": [{"runs": []}]}, "holds no times"),
        ({"benchmarks": [{"runs": [{"values": ["x"]}]}]}, "a time is 'x', not a number"),
        ({"benchmarks": [{"runs": [{"values": [-1]}]}]}, "a time is -1 s"),
        ({"results": []}, "holds no commands"),
        ({"results": [{"command": "ls"}]}, "looks like hyperfine's and is not whole: KeyError 'min'"),
    ],
)
def test_what_is_no_result_says_what_it_is(content, says, tmp_path):
    path = written(tmp_path / "run.json", content)
    with pytest.raises(RunFileError, match=says) as error:
        load(path)
    assert str(path) in str(error.value)
    assert error.value.exit_code == 2


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(RunFileError, match="No such file"):
        load(tmp_path / "missing.json")
    with pytest.raises(RunFileError, match="Is a directory"):
        load(tmp_path)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"{}")[:12])
    with pytest.raises(RunFileError, match="is damaged"):
        load(tmp_path / "cut.gz")
    (tmp_path / "binary").write_bytes(b"\x80\xff\x00")
    with pytest.raises(RunFileError, match="is no JSON"):
        load(tmp_path / "binary")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


def _places(node, path=()):
    """Every place in a document."""
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _places(child, (*path, key))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(tool=st.sampled_from(sorted(TOOLS)), data=st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tool, data, tmp_path):
    whole = document(tool)
    places = [path for path in _places(whole) if path and "cpu" not in path]
    *parents, last = data.draw(st.sampled_from(places))
    node = whole
    for key in parents:
        node = node[key]
    node[last] = data.draw(JSON)
    path = tmp_path / "run.json"
    path.write_bytes(msgspec.json.encode(whole))
    with contextlib.suppress(RunFileError):
        load(path)
