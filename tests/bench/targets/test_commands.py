"""From pyproject.toml to an exit code: ``perfkit bench``, ``perfkit gate`` and ``perfkit doctor``."""

from pathlib import Path

import pytest

from perfkit.cli.entry import run as perfkit
from perfkit.model import Gate, Timing, Verdict
from perfkit.model.storage import read_run

pytestmark = pytest.mark.once

PROGRAM = '''"""Orders, asked for at once."""

from aiohttp import ClientSession

import perfkit
from perfkit.worlds import http

web = http(rtt_ms=20)


@web.get("/orders")
def orders(request):
    return [1, 2, 3]


shop = perfkit.Scenario("shop", sizes=(3, 6), gate_sizes=(3,), unit="orders", world=web)


async def ask(world, times):
    async with ClientSession() as session:
        for _ in range(times):
            async with session.get(world.url + "orders") as answer:
                found = await answer.json()
    return found


@shop.strategy(baseline=True)
async def slow(world, size):
    return await ask(world, size)


@shop.strategy
async def fast(world, size):
    return await ask(world, 1)
'''
LIMITS = '\n[tool.perfkit.targets.shop]\nresponse = "{response}"\nerrors = "0 %"\n'


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "shop.py").write_text(PROGRAM)
    declare("")
    return tmp_path


def declare(targets):
    Path("pyproject.toml").write_text(f"[tool.perfkit]\nworkers = 1\n{targets}")


def stored(*arguments):
    """The exit code, and the targets of the run that was stored, as metric, scope and value."""
    code = perfkit([*arguments, "-o", "run.json", "--force"])
    found = [(target.metric, target.scope, target.measured) for target in read_run(Path("run.json")).targets]
    return code, found


def test_bench_and_gate_check_the_same_cell(project):
    assert perfkit(["gate", "--update", "all"]) == 0
    assert stored("gate") == (0, [])
    scope = "shop: fast at 6 orders on default"
    within = [("response", scope, 40_000_000.0), ("errors", scope, 0.0)]
    for verb in (["bench", "--no-report"], ["gate"]):
        declare(LIMITS.format(response="40 ms"))
        assert stored(*verb) == (0, within)
        declare(LIMITS.format(response="39 ms"))
        assert stored(*verb) == (1, within)


def test_the_gate_is_inconclusive_where_no_target_has_a_value(project):
    assert perfkit(["gate", "--update", "all"]) == 0
    declare('[tool.perfkit.targets.shop]\nquery = "1 s"\n')
    assert stored("gate") == (3, [("query", "shop: fast at 6 orders on default", None)])
    (warning,) = read_run(Path("run.json")).warnings
    assert warning.startswith("1 of 1 target not measured: query of shop: fast")


def test_a_mistake_in_the_table_is_a_usage_error_before_anything_is_measured(project, capfd):
    assert perfkit(["gate", "--update", "all"]) == 0
    for table, message in (
        ('[tool.perfkit.targets.shpo]\nquery = "1 s"\n', "no scenario named 'shpo'. Did you mean 'shop'"),
        ('[tool.perfkit.targets.shop]\nstrategy = "fsat"\n', "no strategy named 'fsat'. Did you mean 'fast'"),
        ('[tool.perfkit.targets]\nquery = "1 MB"\n', "query must be a duration, not '1 MB'"),
        ("targets = 3\n", "targets must be a table, not 3"),
    ):
        declare(table)
        for verb in ("bench", "gate"):
            capfd.readouterr()
            assert perfkit([verb]) == 2
            assert message in " ".join(capfd.readouterr().err.split())


def test_one_scenario_alone_may_be_measured_beside_targets_of_others(project):
    declare('[tool.perfkit.targets.other]\nquery = "1 s"\n')
    assert stored("bench", "shop", "--no-report") == (0, [])


def test_the_doctor_shows_them(project, capfd):
    declare(LIMITS.format(response="40 ms"))
    assert perfkit(["doctor"]) == 0
    assert "shop                     response at most 40 ms, errors at most 0 %" in capfd.readouterr().out
    declare("")
    assert perfkit(["doctor"]) == 0
    assert "none; declare them in [tool.perfkit.targets]" in capfd.readouterr().out


def test_gate_base_checks_those_of_benchmarks(project, monkeypatch):
    from perfkit.bench.ab import revisions

    name = "tests/bench.py::test_page"
    timing = Timing(name, Verdict.NO_CHANGE, ratio=1.0, pairs=5, base_ns=80, head_ns=80)
    gate = Gate("main", "this tree", timings=[timing])
    monkeypatch.setattr(revisions, "compare_revisions", lambda *_: (gate, False))
    for limit, code in (("80 ns", 0), ("79 ns", 1)):
        declare(f'[tool.perfkit.targets."{name}"]\nresponse = "{limit}"\n')
        assert stored("gate", "--base", "main") == (code, [("response", name, 80.0)])
