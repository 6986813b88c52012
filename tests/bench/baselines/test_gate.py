"""The counter gate from files to an exit code, on a project of its own."""

import pytest

from perfkit.bench.baselines.document import Baseline
from perfkit.bench.baselines.mutants import repeatables, repeated
from perfkit.cli.entry import run as perfkit
from perfkit.model.storage import read_run

pytestmark = pytest.mark.once  # what is measured is the same on every Python; tests/bench/fresh sees to it

PROGRAM = '''"""Orders, asked for at once."""

from aiohttp import ClientSession, web

import perfkit
from perfkit.worlds import WebWorld


def make_app(size):
    async def orders(request):
        return web.json_response(list(range(size)))

    app = web.Application()
    app.router.add_get("/orders", orders)
    app.router.add_get("/orders/{id}", orders)
    return app


shop = perfkit.Scenario("shop", sizes=(3, 6), world=WebWorld(make_app, rtt_ms=20.0))


async def get(session, url):
    async with session.get(url) as answer:
        return await answer.json()


@shop.strategy(baseline=True)
async def page(world, size):
    async with ClientSession() as session:
        orders = await get(session, world.url + "orders")
        return sum(orders)
'''
LINE = PROGRAM.splitlines().index('        orders = await get(session, world.url + "orders")') + 1
EXTRA = "        for order in orders: await get(session, f'{world.url}orders/{order}')\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.perfkit]\n")
    (tmp_path / "scenarios").mkdir()
    write(PROGRAM)
    return tmp_path


def write(program):
    from pathlib import Path

    Path("scenarios/shop.py").write_text(program)


def recorded():
    assert perfkit(["gate", "--update", "all"]) == 0


def with_one_more_for_each_order():
    return PROGRAM.replace("        return sum(orders)\n", f"{EXTRA}        return sum(orders)\n")


def test_recording_passing_stopping_and_taking(project, capfd):
    assert perfkit(["gate"]) == 3
    assert "none of shop has a baseline" in capfd.readouterr().err
    recorded()
    assert perfkit(["gate", "-o", "gate/run.json"]) == 0
    assert read_run(project / "gate" / "run.json").gate.compared > 8
    assert perfkit(["gate", "--update", "shop"]) == 0
    assert "shop: nothing to update" in capfd.readouterr().out
    write(with_one_more_for_each_order())
    assert perfkit(["gate", "shop", "-o", "gate/run.json", "--force"]) == 1
    (difference,) = read_run(project / "gate" / "run.json").gate.differences
    assert difference.says.startswith(
        f"+6 GET service.test/orders/{{id}} at scenarios/shop.py:{LINE + 1} (n=6): O(n), default/page; with"
    )
    assert perfkit(["gate", "--update", "shop"]) == 2
    assert "grows faster than before" in capfd.readouterr().err
    assert perfkit(["gate", "--update", "shop", "--reason", "asked for"]) == 0
    assert Baseline.read(project / "perf-baselines" / "shop.toml").reasons == ["asked for"]


def test_a_file_without_its_scenario_and_a_scenario_without_its_file(project, capfd):
    recorded()
    write(PROGRAM + '\n\nother = perfkit.Scenario("other", sizes=(3,), world=WebWorld(make_app))\n'
          "other.strategy(page)\n")  # fmt: skip
    (project / "perf-baselines" / "gone.toml").write_text('schema = 1\nscenario = "gone"\n')
    assert perfkit(["gate"]) == 1
    shown = " ".join(capfd.readouterr().out.split())
    assert "no scenario is named gone: delete perf-baselines/gone.toml" in shown
    assert "other has no baseline" in shown
    (project / "perf-baselines" / "gone.toml").unlink()
    assert perfkit(["gate"]) == 3


def test_a_bad_file_changed_inputs_and_a_failing_strategy(project, capfd):
    recorded()
    file = project / "perf-baselines" / "shop.toml"
    good = file.read_text()
    file.write_text("<<<<<<< ours\n" + good)
    assert perfkit(["gate"]) == 2
    assert "merge conflict" in capfd.readouterr().err
    file.write_text(good.replace('scenario = "shop"', 'scenario = "other"'))
    assert perfkit(["gate"]) == 2
    assert "is the baseline of scenario other, not of scenario shop" in capfd.readouterr().err
    file.write_text(good.replace('data_seed = "1"', 'data_seed = "2"'))
    assert perfkit(["gate"]) == 3
    assert "record it: perfkit gate --update shop" in capfd.readouterr().out
    file.write_text(good)
    write(PROGRAM.replace("return sum(orders)", "raise ValueError('no sum')"))
    assert perfkit(["gate"]) == 1
    assert "ValueError: no sum" in " ".join(capfd.readouterr().out.split())


def test_no_scenario_is_never_a_pass(project, capfd):
    (project / "scenarios" / "shop.py").unlink()
    for options in ([], ["--update", "all"], ["--self-test"]):
        assert perfkit(["gate", *options]) == 3
        assert "there is no scenario" in capfd.readouterr().err


def test_the_self_test_is_quiet_and_catches_a_call_more(project, capfd):
    assert perfkit(["gate", "--self-test"]) == 0
    assert "caught and its line named in 1 entries" in " ".join(capfd.readouterr().out.split())
    write(PROGRAM.replace('orders = await get(session, world.url + "orders")', "orders = range(size)"))
    assert perfkit(["gate", "--self-test"]) == 3
    assert "asks for nothing that perfkit sees" in " ".join(capfd.readouterr().out.split())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--reason", "x"], "--reason goes with --update"),
        (["shop", "--update", "shop"], "--update NAME rewrites"),
        (["--budget", "3"], "go with --base"),
        (["--base", "HEAD", "--budget", "0"], "--budget must be more than 0"),
        (["--timeout", "nan"], "--timeout must be more than 0 seconds, not nan"),
        (["--workers", "-1"], "--workers must be 1 or more"),
        (["nothing"], "no scenario named 'nothing'"),
        (["--update", "shops"], "Did you mean 'shop'"),
    ],
)
def test_wrong_usage_ends_with_2(project, capfd, options, says):
    assert perfkit(["gate", *options]) == 2
    assert says in capfd.readouterr().err


def test_a_call_made_twice_moves_no_line():
    calls = repeatables(PROGRAM)
    assert any(call.manager for call in calls)
    for call in calls:
        text = repeated(PROGRAM, call)
        compile(text, "shop.py", "exec")
        assert text.count("\n") == PROGRAM.count("\n")
        pairs = zip(PROGRAM.splitlines(), text.splitlines(), strict=True)
        changed = [number for number, (old, new) in enumerate(pairs, 1) if old != new]
        assert changed == [call.line] or changed == [call.end_line]
