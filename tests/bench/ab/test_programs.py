"""Whole programs in two revisions, and scenarios in wall time."""

import sys
from pathlib import Path

import pytest

from perfkit.bench.ab import programs
from perfkit.bench.ab.environments import Sides
from perfkit.bench.ab.plan import AbPlan, Side
from perfkit.bench.ab.programs import compare_programs, program, timed
from perfkit.bench.ab.revisions import Wanted, compare_revisions
from perfkit.bench.ab.site.perfkit_agent import scenario_side
from perfkit.cli.gate_times import gate_times
from perfkit.errors import NothingToCompareError, UsageError
from perfkit.model import Outcome, Verdict
from tests.bench.ab.repositories import commit, repository, worktrees, write

pytestmark = pytest.mark.once

SLEEPS = "import time; time.sleep({})\n"


def sides_of(tmp_path, base="", head=""):
    """Two trees with a program each."""
    for name, text in (("base", base), ("head", head)):
        write(tmp_path / name, {"run.py": text})
    return Sides(Side(tmp_path / "base"), Side(tmp_path / "head"))


def quiet(_):
    """No progress."""


def test_a_program_runs_in_its_own_tree(tmp_path):
    text = "import os, shop, sys; assert shop.SIDE in os.getcwd(); assert sys.argv[1].endswith(shop.SIDE)"
    sides = sides_of(tmp_path, text, text)
    for name in ("base", "head"):
        write(tmp_path / name, {"src/shop.py": f"SIDE = {name!r}\n", "src/x": ""})
        (tmp_path / name / "src" / "shop").mkdir()
        (tmp_path / name / "src" / "shop" / "__init__.py").write_text(f"SIDE = {name!r}\n")
    sides = Sides(sides.base, sides.head, installed=("shop",))
    for name in ("base", "head"):
        run = program(name, [sys.executable, "run.py", str(tmp_path / "head")], Path(), sides)
        assert timed(run, 1, 60) > 0


def test_words_that_are_not_in_the_tree_stay(tmp_path):
    sides = sides_of(tmp_path)
    venv = str(tmp_path / "head" / ".venv" / "bin" / "tool")
    assert program("base", [venv, "/etc/x", "-k"], Path(), sides).words == (venv, "/etc/x", "-k")


def test_a_base_with_its_own_environment_finds_its_programs_there(tmp_path):
    sides = sides_of(tmp_path)
    sides = Sides(Side(sides.base.root, "/venv/bin/python"), sides.head)
    run = program("base", [sys.executable, "run.py"], Path(), sides)
    assert run.words == ("/venv/bin/python", "run.py")
    assert run.environment["PATH"].startswith("/venv/bin:")
    assert run.environment["VIRTUAL_ENV"] == "/venv"


@pytest.mark.parametrize("side", ["base", "head"])
def test_a_program_that_fails_is_told_with_what_it_said(tmp_path, side):
    sides = sides_of(tmp_path, **{side: "raise SystemExit('out of stock')"})
    with pytest.raises(NothingToCompareError) as refused:
        compare_programs([sys.executable, "run.py"], Path(), sides, AbPlan(), quiet)
    assert f"run.py ended with exit code 1 in the {side}:\n  out of stock" in str(refused.value)


def test_a_program_that_does_not_end_or_start(tmp_path):
    sides = sides_of(tmp_path, head=SLEEPS.format(60))
    with pytest.raises(NothingToCompareError, match=r"did not end within 0\.2 s in the head"):
        timed(program("head", [sys.executable, "run.py"], Path(), sides), 1, 0.2)
    with pytest.raises(NothingToCompareError, match="cannot be started in the base"):
        timed(program("base", ["./nothing"], Path(), sides), 1, 1)


def test_ratios_of_given_times_are_decided(tmp_path, monkeypatch):
    took = {"base": 100_000_000, "head": 200_000_000}
    seeds = set()

    def given(run, seed, timeout_s, slower=0.0):
        seeds.add(seed)
        return took[run.side] * (1 + slower)

    monkeypatch.setattr(programs, "timed", given)
    found = compare_programs(["run"], Path(), sides_of(tmp_path), AbPlan(), quiet)
    assert (found.timings[0].verdict, found.timings[0].method) == (Verdict.REGRESSED, "command")
    assert found.timings[0].ratio == pytest.approx(2)
    assert len(seeds) > found.timings[0].pairs  # a hash seed for each pair, and one for the first runs
    took["base"] = 200_000_000
    found = compare_programs(["run"], Path(), sides_of(tmp_path), AbPlan(head_slower=0.5), quiet)
    assert found.timings[0].ratio == pytest.approx(1.5)


def test_ctrl_c_keeps_what_is_known(tmp_path, monkeypatch):
    calls = []

    def given(*_):
        calls.append(1)
        if len(calls) > 10:
            raise KeyboardInterrupt
        return 1_000_000_000

    monkeypatch.setattr(programs, "timed", given)
    found = compare_programs(["run"], Path(), sides_of(tmp_path), AbPlan(budget_s=60), quiet)
    assert found.interrupted
    assert found.timings[0].verdict is Verdict.INCONCLUSIVE
    assert "interrupted" in found.timings[0].reason


def test_the_command_line_gates_a_program(tmp_path, monkeypatch):
    folder = repository(tmp_path / "shop", {"run.py": SLEEPS.format(0.05)})
    commit(folder, {"run.py": SLEEPS.format(0.6)})
    monkeypatch.chdir(folder)
    run = gate_times((), base="main", budget_s=60, command=(sys.executable, "run.py"))
    assert (run.kind, run.clock) == ("gate", "wall")
    assert run.gate.timings[0].verdict is Verdict.REGRESSED
    assert run.outcome is Outcome.FAIL
    assert worktrees(folder) == 1


def test_a_command_alone_is_no_comparison_and_so_no_pass():
    with pytest.raises(UsageError, match=r"run\.py: its times are compared .* --base REF"):
        gate_times((), base="", command=(sys.executable, "run.py"))


def test_the_command_line_refuses_two_things_at_once(monkeypatch):
    with pytest.raises(UsageError, match="not both"):
        gate_times(("leads",), base="main", command=("pytest",))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="needs valgrind"):
        gate_times((), base="main", instructions=True)


SHOP = """
    import aiohttp
    from aiohttp import web
    import perfkit
    from perfkit.worlds import WebWorld
    from _work import burn

    def app(size):
        async def one(request):
            return web.json_response(1)
        made = web.Application()
        made.router.add_get("/one", one)
        return made

    shop = perfkit.Scenario("shop", sizes=(2, 100), world=WebWorld(app, rtt_ms=0), unit="orders")

    @shop.strategy(baseline=True)
    async def serial(world, size):
        async with aiohttp.ClientSession() as session:
            for _ in range(size):
                async with session.get(world.url + "one") as response:
                    await response.json()
        burn()
        return size

    @shop.strategy
    def plain(world, size):
        burn()
        return size

    @shop.strategy(flaw="fails")
    def flawed(world, size):
        raise ValueError

    @shop.strategy
    async def slow(world, size):
        import asyncio
        await asyncio.sleep(60)
        return size
"""
BURN = "def burn():\n    return sum(range({}))\n"


def test_scenarios_in_wall_time(tmp_path):
    folder = repository(
        tmp_path / "shop", {"scenarios/shop.py": SHOP, "scenarios/_work.py": BURN.format(200_000)}
    )
    commit(folder, {"scenarios/_work.py": BURN.format(2_000_000)})
    wanted = Wanted("main", names=("shop",), folder=folder / "scenarios")
    gate, _ = compare_revisions(folder, wanted, AbPlan(budget_s=60), quiet)
    timings = {timing.name.removeprefix("shop/default/"): timing for timing in gate.timings}
    assert set(timings) == {"serial (2 orders)", "plain (2 orders)", "slow (2 orders)"}
    assert timings["plain (2 orders)"].verdict is Verdict.REGRESSED
    assert timings["serial (2 orders)"].verdict is Verdict.REGRESSED
    assert "one call takes more than 1.2 s" in timings["slow (2 orders)"].reason


def test_a_folder_of_scenarios_that_is_not_there_is_told_without_a_traceback():
    class Session:
        def refuse(self, message, *, usage=False):
            raise InterruptedError(message, usage)

    options = {"names": [], "files": [], "folder": "nowhere", "sizes": [], "strategies": []}
    with pytest.raises(InterruptedError) as refused:
        list(scenario_side._choices(Session(), options))
    message, usage = refused.value.args
    assert message.startswith("there is no scenario folder nowhere")
    assert usage


def test_scenarios_outside_of_the_repository(tmp_path):
    folder = repository(tmp_path / "shop", {"a.py": ""})
    commit(folder, {"a.py": "A = 1\n"})
    with pytest.raises(NothingToCompareError, match="lies outside of the repository"):
        compare_revisions(folder, Wanted("main", folder=tmp_path / "scenarios"), AbPlan(), quiet)
