"""A link to a real TCP service: latency, jitter, bandwidth and faults, in real time. Knows asyncio only."""

from perfkit.worlds.link.faults import Fault
from perfkit.worlds.link.measuring import Delivered, measure
from perfkit.worlds.link.proxy import LinkCounters, LinkProxy

__all__ = ["Delivered", "Fault", "LinkCounters", "LinkProxy", "measure"]
