import pytest

import perfkit
from perfkit.errors import ScenarioError
from perfkit.model import Claim, ScenarioResult
from perfkit.worlds import WebWorld

WORLD = WebWorld(lambda size: None)


def scenario(**changes):
    return perfkit.Scenario("s", **({"sizes": (1,), "world": WORLD} | changes))


def test_what_is_declared_is_kept():
    s = scenario()

    @s.strategy
    async def serial(world, size):
        """Doc."""

    @s.strategy(group="client", baseline=True, fixes="PK102", flaw="drops")
    async def batched(world, size): ...

    first, second = s.strategies.values()
    assert (first.info.name, first.info.shape, first.info.doc, first.info.baseline) == (
        "serial",
        "serial",
        "Doc.",
        False,
    )
    assert (second.info.name, second.info.shape, second.info.group) == ("client.batched", "batched", "client")
    assert first.site.file == "tests/bench/test_scenario.py"
    assert s.file == __file__


@pytest.mark.parametrize("sizes", [(), (0,), ("a",), (1, -2)])
def test_bad_sizes_are_refused(sizes):
    with pytest.raises(ScenarioError, match="sizes must be whole numbers from 1"):
        scenario(sizes=sizes)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a,b"])
def test_bad_names_are_refused(name):
    with pytest.raises(ScenarioError, match="name must be a word"):
        perfkit.Scenario(name, sizes=(1,), world=WORLD)


def test_clashes_are_refused():
    s = scenario()
    s.strategy(name="a", baseline=True)(lambda world, size: 1)
    with pytest.raises(ScenarioError, match="two strategies named 'a'"):
        s.strategy(name="a")(lambda world, size: 1)
    with pytest.raises(ScenarioError, match="two baselines"):
        s.strategy(name="b", baseline=True)(lambda world, size: 1)
    with pytest.raises(ScenarioError, match="no world named 'wurld'"):
        s.strategy(name="c", worlds=("wurld",))(lambda world, size: 1)


def test_claims_that_cannot_be_told_say_so():
    s = scenario()

    @s.claim("twice as fast")
    def _(result):
        return "three times", True

    @s.claim("needs a cell")
    def _(result):
        return result.cell("w", "s", 1).elapsed_ns, True

    result = ScenarioResult("s", "s", "", "", "items", [1], [], [])
    assert s.check_claims(result) == [
        Claim("twice as fast", "three times", True),
        Claim("needs a cell", "not measured in this run", None),
    ]
