"""Which cell a target is about."""

import pytest

from perfkit.bench.harness import Plan
from perfkit.bench.targets.places import Place, check_profile, left_out, meant, place_of
from perfkit.bench.targets.profile import Profile, Wanted
from perfkit.errors import ConfigError

from .cases import declared

LIMITS = {"response": 1e9}


def wanted(**named):
    return Wanted("page", LIMITS, **named, origin="[tool.perfkit.targets.page]")


@pytest.mark.parametrize(
    ("named", "place"),
    [
        ({}, Place("near", 100)),
        ({"world": "far"}, Place("far", 100)),
        ({"size": 1000}, Place("near", 1000)),
        ({"strategy": "fast"}, Place("near", 100)),
        ({"strategy": "b.far"}, Place("far", 100)),
        ({"strategy": "b.far", "size": 10}, Place("far", 10)),
    ],
)
def test_what_is_not_named_is_what_reports_begin_with(named, place):
    assert place_of(declared(), wanted(**named)) == place


def test_a_size_without_a_baseline_is_not_what_reports_begin_with():
    import perfkit
    from perfkit.worlds import WebWorld

    scenario = perfkit.Scenario("page", sizes=(10, 100, 1000), world=WebWorld(lambda size: None))

    @scenario.strategy(baseline=True, sizes=(10,))
    async def slow(world, size): ...

    @scenario.strategy(sizes=(100, 1000))
    async def fast(world, size): ...

    assert place_of(scenario, wanted()) == Place("default", 10)
    assert place_of(scenario, wanted(strategy="fast")) == Place("default", 100)


def test_the_middle_is_that_of_the_default_sizes():
    assert place_of(declared(default_sizes=(10,)), wanted()) == Place("near", 10)


@pytest.mark.parametrize(
    ("named", "place", "names"),
    [
        ({}, Place("near", 100), ["slow", "fast"]),
        ({}, Place("near", 1000), ["b.slow"]),  # the first baseline that runs there
        ({"strategy": "odd"}, Place("near", 100), ["odd"]),
    ],
)
def test_the_fastest_is_that_of_the_first_baselines_group(named, place, names):
    assert meant(declared(), wanted(**named), place) == names


@pytest.mark.parametrize(
    ("named", "plan", "option"),
    [
        ({}, Plan(), ""),
        ({}, Plan(sizes=(10, 100)), ""),
        ({}, Plan(sizes=(10,)), "--size 100"),
        ({}, Plan(worlds=("far",)), "--world near"),
        ({}, Plan(strategies=("slow",)), "leaving --strategy out"),
        ({}, Plan(strategies=("fast",)), ""),  # baselines are always measured
        ({"strategy": "fast"}, Plan(strategies=("odd",)), "--strategy fast"),
        ({"strategy": "fast"}, Plan(strategies=("odd", "fast")), ""),
        ({"strategy": "slow"}, Plan(strategies=("odd",)), ""),
        ({}, Plan(clock="wall"), ""),
    ],
)
def test_options_may_leave_it_out(named, plan, option):
    scenario = declared()
    target = wanted(**named)
    assert left_out(scenario, target, place_of(scenario, target), plan) == option


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            {"strategy": "fsat"},
            r"\[tool.perfkit.targets.page\]: no strategy named 'fsat'. Did you mean 'fast'",
        ),
        ({"world": "moon"}, "no world named 'moon'"),
        ({"size": 11}, "no size named '11'. Did you mean '10'"),
        ({"strategy": "slow", "size": 1000}, "slow is not declared for 1000 rows on near"),
        ({"strategy": "b.far", "world": "near"}, "b.far is not declared for 100 rows on near"),
    ],
)
def test_what_a_scenario_has_not_is_named(named, message):
    with pytest.raises(ConfigError, match=message):
        check_profile(Profile({}, {"page": [wanted(**named)]}), [declared()])
