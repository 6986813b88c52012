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


@pytest.mark.parametrize("loss", [-0.1, 1, 2.0, float("nan")])
def test_loss_must_be_a_share_that_lets_something_through(loss):
    with pytest.raises(UsageError, match="share of segments"):
        Link(loss=loss)


@pytest.mark.parametrize("tls_rtts", [-1, 10, 1.5])
def test_a_handshake_takes_whole_round_trips(tls_rtts):
    with pytest.raises(UsageError, match="whole number from 0 to 9"):
        Link(tls_rtts=tls_rtts)


def test_jitter_must_be_a_distribution():
    with pytest.raises(UsageError, match="give a distribution"):
        Link(jitter=5)


@pytest.mark.parametrize("cost", [-1, 0.5, None])
def test_a_callback_costs_whole_nanoseconds(cost):
    with pytest.raises(UsageError, match="whole number of nanoseconds"):
        Network().set_cpu("api.example", cost)


def test_faults_before_a_simulation_are_kept_and_a_reset_then_has_nothing_to_end():
    network = Network()
    network.refuse("API.example")
    network.partition("db.example")
    network.reset("db.example")
    assert network.is_refusing("api.example.")
    assert network.is_cut("", "db.example")
    assert not network.is_cut("", "api.example")
    assert not network.is_cut("db.example", "db.example")
    network.heal("db.example")
    network.heal("api.example")
    assert not network.is_cut("", "db.example")
    assert not network.is_refusing("api.example")
