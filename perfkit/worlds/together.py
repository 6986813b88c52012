"""Several worlds as one: a page that asks a database and two services."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from perfkit.errors import UsageError
from perfkit.model import HostFacts, WorldInfo
from perfkit.worlds.base import Access, Running, World

if TYPE_CHECKING:
    from perfkit.sim import Network

_BETWEEN = "/"


class Together:
    """Worlds by name, started together. Strategies find each as ``world["name"]``.

    What is slow is usually one of them: the first gives the round trip that reports show.

    >>> from perfkit.worlds import WebWorld
    >>> page = Together(jobs=WebWorld(lambda size: None, rtt_ms=20), title="jobs alone")
    >>> page.info("near").facts
    {'jobs: round trip': '20 ms'}
    """

    def __init__(self, *, title: str = "", **parts: World) -> None:
        if not parts:
            raise UsageError("Together() needs worlds by name: Together(database=..., jobs=...)")
        self.parts = parts
        self.title = title

    def info(self, name: str) -> WorldInfo:
        """The facts of all parts, each under its part's name."""
        infos = {part: world.info(part) for part, world in self.parts.items()}
        facts = {f"{part}: {key}": fact for part, info in infos.items() for key, fact in info.facts.items()}
        database = next((info.database for info in infos.values() if info.database), "")
        return WorldInfo(name, self.title or name, next(iter(infos.values())).rtt_ns, facts, database)

    @asynccontextmanager
    async def start(self, size: int, seed: int, network: Network | None) -> AsyncIterator[Running]:
        """Start the parts in their order, and end them in the opposite one."""
        async with AsyncExitStack() as stack:
            running = {
                part: await stack.enter_async_context(world.start(size, seed, network))
                for part, world in self.parts.items()
            }
            addresses = {
                f"{part}{_BETWEEN}{key}": address
                for part, started in running.items()
                for key, address in started.addresses.items()
            }
            yield Running(addresses, lambda: _added([started.counters() for started in running.values()]))

    def access(self, addresses: Mapping[str, str], size: int, seed: int, clock: str) -> Access:
        """Nothing but its parts."""
        parts = {
            part: world.access(_of(addresses, part), size, seed, clock) for part, world in self.parts.items()
        }
        return Access("", size, seed, clock, parts=parts)

    def host_facts(self, addresses: Mapping[str, str]) -> list[HostFacts]:
        """Those of all parts."""
        return [
            facts for part, world in self.parts.items() for facts in world.host_facts(_of(addresses, part))
        ]


def _of(addresses: Mapping[str, str], part: str) -> dict[str, str]:
    prefix = part + _BETWEEN
    return {key.removeprefix(prefix): a for key, a in addresses.items() if key.startswith(prefix)}


def _added(counters: list[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counters:
        total.update(each)
    return dict(total)
