"""What a real server adds for the link that loopback is not."""

import pytest

from perfkit.model import HostFacts
from perfkit.sim import Link
from perfkit.sim.distributions import Exponential, draw_ns
from perfkit.worlds import http
from perfkit.worlds.service.distance import Distance
from tests.worlds.service.support import MS, client, get, wall

RTT = 20 * MS


def there_ns(distance, size_bytes=0, number=1, fresh=False):
    return distance.there_ns(size_bytes, number, 7, "api.test", fresh=fresh)


@pytest.mark.parametrize(("tls", "fresh", "trips"), [(False, False, 1), (False, True, 2), (True, True, 3)])
def test_the_first_request_of_a_connection_pays_for_the_handshakes(tls, fresh, trips):
    assert there_ns(Distance(Link(rtt_ns=RTT), tls), fresh=fresh) == trips * RTT


def test_jitter_and_bandwidth():
    jitter = Exponential(2 * MS)
    distance = Distance(Link(rtt_ns=RTT, bandwidth_bytes_per_s=1e6, jitter=jitter))
    drawn = sum(draw_ns(jitter, 7, f"api.test/{way}", 3) for way in ("there", "back"))
    assert there_ns(distance, 5_000, number=3) == RTT + drawn + 5 * MS
    assert distance.transfer_ns(1_000) == 1 * MS
    assert Distance(Link()).transfer_ns(1_000) == 0


def test_a_real_server_holds_requests_back_by_it(monkeypatch):
    asked = []

    def remember(self, size_bytes, number, seed, host, *, fresh):
        asked.append((size_bytes, number, seed, host, fresh))
        return 1

    async def main(access, counters):
        for _ in range(2):
            async with client() as session:
                await get(session, access.url)
                async with session.post(access.url, data=b"12345") as answer:
                    await answer.read()

    api = http(link=Link(rtt_ns=RTT, bandwidth_bytes_per_s=1e12))
    api.get("/")(lambda request: 1)
    api.post("/")(lambda request: 2)
    monkeypatch.setattr(Distance, "there_ns", remember)
    wall(api, main, seed=4)
    expected = [(0, 1, True), (5, 2, False), (0, 3, True), (5, 4, False)]
    assert asked == [(size, number, 4, "service.test", fresh) for size, number, fresh in expected]


def test_what_a_service_says_of_itself():
    api = http(rtt_ms=50, batch_size=10, per_second=5, burst=3, title="Jobs")
    info = api.info("near")
    assert (info.name, info.title, info.rtt_ns) == ("near", "Jobs", 50 * MS)
    assert info.facts["rate limit"] == "3 requests, then 5/s"
    assert http().info("near").facts == {
        "round trip": "20 ms",
        "service": "0 ms",
        "workers": "no limit",
        "rate limit": "none",
    }
    assert api.host_facts({"": "http://127.0.0.1:8123/"}) == [
        HostFacts("127.0.0.1:8123", 50 * MS, 10, 3, 5.0)
    ]
    assert http(link=Link(rtt_ns=1)).host_facts({"": "http://a/"}) == [HostFacts("a", 1)]
