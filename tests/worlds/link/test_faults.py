import pytest

from perfkit.errors import UnknownNameError, UsageError
from perfkit.worlds.link import Fault


def test_the_share_is_met_and_seeded():
    fault = Fault("reset", share=0.25)
    hit = [fault.hits(1, number) for number in range(4000)]
    assert 900 < sum(hit) < 1100
    assert hit == [fault.hits(1, number) for number in range(4000)]
    assert hit != [fault.hits(2, number) for number in range(4000)]


def test_from_a_connection_on():
    assert [Fault("refuse", after_connections=2).hits(1, number) for number in range(4)] == [
        *(False, False),
        *(True, True),
    ]


@pytest.mark.parametrize("options", [{"share": 1.5}, {"share": -0.1}, {"after_bytes": -1}, {"close_ns": 0.5}])
def test_bad_settings_are_named(options):
    (name,) = options
    with pytest.raises(UsageError, match=name):
        Fault("reset", **options)


def test_an_unknown_kind():
    with pytest.raises(UnknownNameError, match="Did you mean 'reset'"):
        Fault("rezet")
