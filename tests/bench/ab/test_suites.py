"""An existing pytest-benchmark suite, unchanged, in two revisions of a project."""

import pytest

from perfkit.bench.ab.controller import compare
from perfkit.bench.ab.plan import AbPlan
from perfkit.bench.ab.revisions import Wanted, compare_revisions, source_of
from perfkit.errors import NothingToCompareError, UsageError
from perfkit.model import Outcome, Verdict
from tests.bench.ab.repositories import commit, repository, worktrees, write

FILES = {
    "pyproject.toml": """
        [project]
        name = "shop"
        version = "1"
        [tool.pytest.ini_options]
        pythonpath = ["src"]
        addopts = "-q -p pytest_benchmark.plugin -p xdist.plugin -n 2 --benchmark-skip"
    """,
    "src/shop/__init__.py": "",
    "src/shop/work.py": """
        UNITS = 20

        def cpu():
            return [sum(i * i for i in range(50)) for _ in range(UNITS)]

        async def aio():
            return cpu()
    """,
    "benchmarks/test_work.py": """
        import pytest
        from shop import work

        def test_cpu(benchmark):
            assert len(benchmark(work.cpu)) == work.UNITS
            assert benchmark.stats["mean"] > 0

        def test_aio(benchmark):
            assert len(benchmark(work.aio)) == work.UNITS

        @pytest.mark.parametrize("n", [1000])
        def test_param(benchmark, n):
            benchmark.extra_info["n"] = n
            benchmark.pedantic(sorted, setup=lambda: (([3, 1] * n,), {}), rounds=2)

        def test_plain():
            raise AssertionError("has no benchmark, and must not run")
    """,
}
pytestmark = pytest.mark.once

SUITE = ("pytest", "benchmarks")
AT = "benchmarks/test_work.py::"


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch):
    """Pytest starts in a third of the time without those that happen to be installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def project(folder):
    return repository(folder / "shop", FILES)


def quiet(_):
    """No progress."""


def refusal(kind, folder, *command, budget_s=60):
    with pytest.raises(kind) as refused:
        compare_revisions(folder, Wanted("main", command=command or SUITE), AbPlan(budget_s=budget_s), quiet)
    assert worktrees(folder) == 1
    return str(refused.value)


def test_a_change_that_doubles_the_work_is_found_and_what_it_leaves_alone_is_not(tmp_path):
    folder = project(tmp_path)
    commit(
        folder,
        {
            "src/shop/work.py": FILES["src/shop/work.py"].replace("UNITS = 20", "UNITS = 40"),
            "benchmarks/test_more.py": """
                import pytest
                from shop import work

                def test_new(benchmark):
                    benchmark(work.cpu)
            """,
        },
    )
    gate, interrupted = compare_revisions(folder, Wanted("main", command=SUITE), AbPlan(budget_s=60), quiet)
    timings = {timing.name.removeprefix("benchmarks/"): timing for timing in gate.timings}
    assert set(timings) == {
        "test_more.py::test_new",
        "test_work.py::test_cpu",
        "test_work.py::test_aio",
        "test_work.py::test_param[1000]",
    }
    assert timings["test_work.py::test_cpu"].verdict is Verdict.REGRESSED
    assert timings["test_work.py::test_aio"].verdict is Verdict.REGRESSED
    assert timings["test_work.py::test_param[1000]"].verdict is not Verdict.REGRESSED
    assert "only in the head" in timings["test_more.py::test_new"].reason
    assert {timing.method for timing in gate.timings} == {"fork"}
    assert gate.outcome is Outcome.FAIL
    assert not interrupted
    assert worktrees(folder) == 1


def test_what_goes_wrong_in_one_side_is_told_and_nothing_passes(tmp_path):
    folder = project(tmp_path)
    tests = """
        import pytest

        def test_cpu(benchmark):
            raise ValueError("spoilt")

        def test_aio(benchmark):
            pytest.skip("not today")

        def test_param(benchmark):
            pass

        def test_wrong(benchmark):
            assert benchmark(int) == 0, "wrong"
    """
    commit(folder, {"benchmarks/test_work.py": tests})
    base = tests.replace('raise ValueError("spoilt")', "benchmark(int)").replace("pass", "benchmark(int)")
    tests = tests.replace("== 0", "== 1")
    commit(folder, {"benchmarks/test_work.py": base})
    commit(folder, {"benchmarks/test_work.py": tests})
    with source_of(folder, Wanted("change~1", command=SUITE), 60, quiet) as (_, source):
        found = source.compare(AbPlan(budget_s=60), quiet)
    reasons = {timing.name.removeprefix(AT): (timing.verdict, timing.reason) for timing in found.timings}
    assert {verdict for verdict, _ in reasons.values()} == {Verdict.INCONCLUSIVE}
    assert "ValueError: spoilt" in reasons["test_cpu"][1]
    assert "failed in the head" in reasons["test_cpu"][1]
    assert "failed in the head: the test failed: AssertionError: wrong" in reasons["test_wrong"][1]
    assert "not today" in reasons["test_aio"][1]
    assert "without using its benchmark fixture" in reasons["test_param"][1]


@pytest.mark.parametrize(
    ("command", "kind", "said"),
    [
        (("pytest", "nowhere"), UsageError, "file or directory not found: nowhere"),
        (("pytest", "--nope"), UsageError, "unrecognized arguments: --nope"),
        (("pytest", "benchmarks", "-k", "plain"), NothingToCompareError, "none uses the fixture benchmark"),
    ],
)
def test_a_command_that_finds_nothing(tmp_path, command, kind, said):
    folder = project(tmp_path)
    commit(folder, {"a.txt": ""})
    assert said in refusal(kind, folder, *command)


def test_a_head_whose_tests_cannot_be_collected(tmp_path):
    folder = project(tmp_path)
    commit(folder, {"src/shop/work.py": "raise RuntimeError('broken on import')\n"})
    assert "cannot be collected: benchmarks/test_work.py: " in refusal(NothingToCompareError, folder)


def test_a_base_without_the_benchmarks(tmp_path):
    folder = repository(tmp_path / "shop", {**FILES, "benchmarks/test_work.py": "", "new/a.txt": ""})
    commit(folder, {"benchmarks/test_work.py": FILES["benchmarks/test_work.py"]})
    said = refusal(NothingToCompareError, folder)
    assert "the base has nothing to compare: pytest collected no tests" in said
    write(folder, {"benchmarks/test_new.py": "def test_new(benchmark):\n    benchmark(int)\n"})
    said = refusal(NothingToCompareError, folder, "pytest", "benchmarks/test_new.py")
    assert "file or directory not found: benchmarks/test_new.py" in said
    assert said.endswith("not in git, so in head only: benchmarks/test_new.py")
    commit(folder, {"more/benchmarks/test_work.py": FILES["benchmarks/test_work.py"]})
    assert "has no folder more" in refusal(NothingToCompareError, folder / "more")


def test_the_head_is_looked_at_once_for_what_both_sides_share(tmp_path):
    folder = project(tmp_path)
    commit(folder, {"a.txt": ""})
    with source_of(folder, Wanted("main", command=SUITE), 60, quiet) as (_, source):
        assert source.looked.names == (f"{AT}test_cpu", f"{AT}test_aio", f"{AT}test_param[1000]")
        assert "pytest_benchmark.fixture" in source.looked.modules
        assert not {"shop", "shop.work"} & set(source.looked.modules)
        with pytest.raises(NothingToCompareError):  # the entry point's own words, from the other side
            compare(source.sides.base, source.sides.head, "nowhere:run", {}, AbPlan(), None)
