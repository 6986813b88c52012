"""What [tool.perfkit.targets] may say, and what it must not."""

import re
from pathlib import Path

import pytest

from perfkit.bench.discovery import find
from perfkit.bench.targets.places import check_profile, place_of
from perfkit.bench.targets.profile import NONE, Profile, profile
from perfkit.config import load
from perfkit.errors import ConfigError

WHOLE = """
[tool.perfkit.targets]
errors = "0.1 %"
query = "10 ms"

[tool.perfkit.targets.leads]
response = "2 s"
query = "5 ms"
strategy = "in_filter"
world = "own"
size = 200

[[tool.perfkit.targets.calls]]
size = 20
response = "1 s"

[[tool.perfkit.targets.calls]]
size = 200
response = "2 s"
query = false

[tool.perfkit.targets."tests/bench.py::test_page"]
response = "100 ms"
"""


def read(tmp_path, text) -> Profile:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    return profile(load(tmp_path, {}))


def test_those_for_every_scenario_hold_unless_its_own_say_otherwise(tmp_path):
    found = read(tmp_path, WHOLE)
    (leads,) = found.of_scenario("leads")
    assert leads.limits == {"response": 2e9, "errors": 0.001, "query": 5e6}
    assert (leads.strategy, leads.world, leads.size) == ("in_filter", "own", 200)
    (other,) = found.of_scenario("other")
    assert (other.name, other.limits, other.strategy) == ("other", {"errors": 0.001, "query": 1e7}, "")


def test_a_scenario_may_have_several_and_drop_one(tmp_path):
    small, large = read(tmp_path, WHOLE).of_scenario("calls")
    assert (small.size, small.limits) == (20, {"response": 1e9, "errors": 0.001, "query": 1e7})
    assert (large.size, large.limits) == (200, {"response": 2e9, "errors": 0.001})


def test_a_benchmark_has_its_own_only(tmp_path):
    found = read(tmp_path, WHOLE)
    assert {name: wanted.limits for name, wanted in found.benchmarks.items()} == {
        "tests/bench.py::test_page": {"response": 1e8}
    }


def test_without_a_table_there_are_none(tmp_path):
    assert read(tmp_path, "[tool.perfkit]\nseed = 1\n") == NONE
    assert NONE.of_scenario("leads") == []
    assert NONE.sentences() == []


def test_all_limits_of_a_scenario_may_be_dropped(tmp_path):
    text = '[tool.perfkit.targets]\nquery = "1 s"\n[tool.perfkit.targets.shop]\nquery = false\n'
    assert read(tmp_path, text).of_scenario("shop") == []


def test_it_says_what_is_declared(tmp_path):
    assert read(tmp_path, WHOLE).sentences() == [
        ("every scenario", "errors at most 0.1 %, query at most 10 ms"),
        (
            "leads (strategy in_filter, size 200, world own)",
            "response at most 2 s, errors at most 0.1 %, query at most 5 ms",
        ),
        ("calls (size 20)", "response at most 1 s, errors at most 0.1 %, query at most 10 ms"),
        ("calls (size 200)", "response at most 2 s, errors at most 0.1 %"),
        ("tests/bench.py::test_page", "response at most 100 ms"),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            'respones = "1 s"',
            r"\[tool.perfkit.targets\]: no target named 'respones'. Did you mean 'response'",
        ),
        ('strategy = "x"', "strategy goes with one scenario"),
        ("size = 5", "size goes with one scenario"),
        ("response = 5", r"\[tool.perfkit.targets\]: response must be a duration, not 5"),
        ("response = false", "response must be a duration, not False"),
        ("leads = [1]", "leads must be a limit with its unit"),
        ("leads = []", "leads must be a limit with its unit"),
        (
            '[tool.perfkit.targets.leads]\nqury = "1 s"',
            r"\[tool.perfkit.targets.leads\]: no target named 'qury'",
        ),
        ('[tool.perfkit.targets.leads]\nwordl = "x"', "Did you mean 'world'"),
        ("[tool.perfkit.targets.leads]\nsize = 0", "size must be a whole number from 1, not 0"),
        ("[tool.perfkit.targets.leads]\nsize = true", "size must be a whole number from 1, not True"),
        ('[tool.perfkit.targets.leads]\nsize = "20"', "size must be a whole number from 1, not '20'"),
        ("[tool.perfkit.targets.leads]\nworld = 3", "world must be a name, not 3"),
        ("[[tool.perfkit.targets.leads]]\nquery = 3", r"\[\[tool.perfkit.targets.leads\]\]: query must be"),
        ('[tool.perfkit.targets."a::b"]\nquery = "1 s"', "\"a::b\"]: a benchmark has no target 'query'"),
        ('[tool.perfkit.targets."a::b"]\nsize = 3', "use response or throughput"),
        (
            '[[tool.perfkit.targets."a::b"]]\n[[tool.perfkit.targets."a::b"]]',
            "a benchmark has one table, not 2",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, table, message):
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, f"[tool.perfkit.targets]\n{table}\n")


def test_a_scenario_that_does_not_exist_is_named_where_all_are_known(tmp_path):
    found = read(tmp_path, WHOLE)
    found.check_names(["leads", "calls", "other"])
    with pytest.raises(ConfigError, match=r"targets.leads\]: no scenario named 'leads'. Did you mean 'lead'"):
        found.check_names(["lead", "calls"])


def test_the_examples_of_the_documentation_are_right(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "targets.md").read_text(encoding="utf-8")
    first, several = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (leads,) = read(tmp_path, first).of_scenario("leads")
    assert (leads.strategy, leads.limits) == (
        "in_filter",
        {"response": 2e9, "throughput": 100, "errors": 0.001},
    )
    assert [wanted.size for wanted in read(tmp_path, several).of_scenario("leads")] == [20, 2000]


def test_perfkits_own_profile_names_what_exists():
    root = Path(__file__).parents[3]
    own = profile(load(root, {}))
    found = find((), root / "scenarios").scenarios
    own.check_names(found)
    check_profile(own, list(found.values()))
    assert set(own.own) == set(found)
    for scenario in found.values():
        (wanted,) = own.of_scenario(scenario.name)
        assert place_of(scenario, wanted).size in scenario.default_sizes  # measured by perfkit bench
