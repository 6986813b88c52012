import pytest

from perfkit.errors import UsageError
from perfkit.sim import Link, Network


def test_a_host_has_its_own_link_whatever_its_spelling():
    slow, fast = Link(rtt_ns=5), Link(rtt_ns=1)
    network = Network(default=fast)
    network.connect_host("Api.Example", slow)
    assert network.link_to("api.example.") is slow
    assert network.link_to("other.example") is fast


def test_localhost_is_its_address():
    network = Network()
    network.connect_host("localhost", Link(rtt_ns=7))
    assert network.link_to("127.0.0.1").rtt_ns == 7


def test_hosts_are_listed_in_order_of_registration():
    network = Network()
    for host in ("b", "a", "b"):
        network.connect_host(host, Link())
    assert network.hosts == ["b", "a"]


@pytest.mark.parametrize("rtt", [-1, 0.2, "200ms"])
def test_a_round_trip_must_be_whole_nanoseconds(rtt):
    with pytest.raises(UsageError, match="whole number of nanoseconds"):
        Link(rtt_ns=rtt)


@pytest.mark.parametrize("rate", [0, -5.0, float("nan")])
def test_a_bandwidth_must_be_positive(rate):
    with pytest.raises(UsageError, match="rate above 0"):
        Link(bandwidth_bytes_per_s=rate)
