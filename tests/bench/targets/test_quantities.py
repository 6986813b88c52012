import pytest

from perfkit.bench.targets.quantities import KINDS, quantity
from perfkit.errors import ConfigError
from perfkit.model.target import METRICS


def test_every_metric_has_a_kind_and_its_own_example_is_right():
    assert tuple(KINDS) == METRICS
    for metric, kind in KINDS.items():
        assert quantity(metric, kind.example, "here") > 0


@pytest.mark.parametrize(
    ("metric", "text", "value"),
    [
        ("response", "100 ms", 100e6),
        ("response", " 2s ", 2e9),
        ("response", "1.5 min", 90e9),
        ("response", "2 h", 7200e9),
        ("query", "250 us", 250e3),
        ("query", "250 \u00b5s", 250e3),
        ("query", "250 \u03bcs", 250e3),
        ("query", "800 ns", 800),
        ("throughput", "1000/s", 1000),
        ("throughput", "90 /min", 1.5),
        ("throughput", "7200/h", 2),
        ("errors", "0.1 %", 0.001),
        ("errors", "0 %", 0),
        ("errors", "100%", 1),
        ("cpu", "70 %", 0.7),
        ("cpu", "350 %", 3.5),
        ("memory", "512 B", 512),
        ("memory", "20 KB", 20_000),
        ("memory", "2 gb", 2e9),
        ("memory", "1.5 MiB", 1_572_864),
    ],
)
def test_a_quantity_is_a_number_with_its_unit(metric, text, value):
    assert quantity(metric, text, "here") == value


@pytest.mark.parametrize(
    ("metric", "wrong", "message"),
    [
        ("response", 100, r'here: response must be a duration, not 100: write response = "100 ms"'),
        ("response", "100", "response must be a duration, not '100'"),
        ("response", "100 MB", "units: ns, us, µs, ms, s, min, h"),
        ("response", "100 MS", "must be a duration"),
        ("response", "1,000 ms", "must be a duration"),
        ("response", "-1 ms", "must be a duration"),
        ("response", "0 ms", "response must be more than 0, not '0 ms'"),
        ("throughput", "1000", "must be a rate, not '1000': write throughput = \"1000/s\""),
        ("errors", "0.001", r"must be a share from 0 to 100 %, not '0.001'.*\(unit: %\)"),
        ("errors", "101 %", "errors must be at most 100 %, not '101 %'"),
        ("cpu", "0 %", "cpu must be more than 0"),
        ("cpu", True, "must be a share of one processor, not True"),
        ("memory", "200 ms", "must be a size, not '200 ms'"),
        ("query", ["10 ms"], "must be a duration"),
        ("query", "\u0661\u0660 ms", "must be a duration"),
    ],
)
def test_what_is_no_quantity_is_named_with_what_to_write(metric, wrong, message):
    with pytest.raises(ConfigError, match=message):
        quantity(metric, wrong, "here")
