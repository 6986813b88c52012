import pytest

from perfkit.report.view.growth import curves, of_scenario
from tests.report.sample import sample_run


@pytest.fixture(scope="module")
def scenario():
    return sample_run().scenarios[0]


def test_slopes_are_those_of_the_measured_points(scenario):
    slopes = {info.name: slope for info, _, slope in curves(scenario, "own", "aiohttp")}
    assert slopes["aiohttp_serial"] == pytest.approx(1, abs=0.001)
    assert slopes["aiohttp_batched"] == pytest.approx(0.807, abs=0.01)


def test_failed_strategies_have_no_curve(scenario):
    assert "aiohttp_unbounded" not in [info.name for info, _, _ in curves(scenario, "cloud", "aiohttp")]


def test_each_world_and_group_as_text(scenario):
    found = of_scenario(scenario)
    assert [one.caption for one in found][:3] == [
        "own server, aiohttp",
        "own server, fast_bitrix24",
        "cloud portal, aiohttp",
    ]
    serial, chunks, *_ = found[0].curves
    assert serial.label == "serial 1.00"
    assert [size for size, _ in chunks.points] == [20, 200, 2000]
    assert [curve.name for curve in found[0].curves if curve.flawed] == [
        curve.name for curve in found[1].curves if curve.flawed
    ]


def test_one_size_or_nothing_has_no_growth():
    one = sample_run(groups=("aiohttp",), sizes=[20]).scenarios[0]
    assert {slope for *_, slope in curves(one, "own", "aiohttp")} == {None}
    assert of_scenario(one) == []
    one.cells = []
    assert of_scenario(one) == []
