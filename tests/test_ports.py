"""Free ports, with room above them where a server needs it."""

import socket

from tests.ports import free_port

BUS = 10_000  # a Redis cluster's bus is so much higher, and Redis refuses to start without it


def test_a_free_port_can_be_bound():
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))


def test_a_free_port_leaves_room_for_the_bus_of_a_cluster():
    assert max(free_port(BUS) for _ in range(200)) <= 65_535 - BUS
