"""The Redis server of the tests starts whatever port the system has free."""

from tests.redis_server import free_port

HIGHEST = 65_535 - 10_000  # a cluster's bus is 10,000 ports higher, and Redis refuses to start without it


def test_a_free_port_leaves_room_for_the_bus_of_a_cluster():
    assert max(free_port() for _ in range(200)) <= HIGHEST
