"""Strategies of perfkit's scenarios as benchmarks in wall time, with this tree's scenario files and perfkit.

Each world is served by a process of its own, started from this side's tree, for as long as the side lives.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from . import moving


@dataclass(frozen=True)
class Choice:
    """A strategy in a world at a size."""

    scenario: Any
    strategy: Any
    world: str
    size: int

    @property
    def name(self) -> str:
        """What reports call it."""
        return (
            f"{self.scenario.name}/{self.world}/{self.strategy.info.name} ({self.size} {self.scenario.unit})"
        )


def run(session: Any, options: dict[str, Any]) -> None:
    """``options``: the "names" of scenarios in "folder", and "files", both from the root, and the "seed".

    Empty "sizes" mean the smallest, empty "strategies" all of them. A call may take "longest_s".
    """
    root = os.getcwd()
    moving.move(options["roots"], root)
    if elsewhere := moving.elsewhere(root):
        session.refuse(elsewhere)
    choices = {choice.name: choice for choice in _choices(session, options)}
    if not choices:
        session.refuse("no strategy of these scenarios can be run in wall time")
    with contextlib.ExitStack() as servers:
        worlds = _Worlds(servers, options["seed"])
        for name in session.offer(list(choices)):
            try:
                _measure(session, choices[name], worlds, options)
            except Exception as error:
                traceback.print_exc()
                session.failed(name, f"{type(error).__name__}: {error}")


def _choices(session: Any, options: dict[str, Any]) -> Iterator[Choice]:
    from perfkit.bench.discovery import find
    from perfkit.errors import PerfkitError

    try:
        found = find([*options["names"], *options["files"]], Path(options["folder"]))
    except PerfkitError as error:
        session.refuse(str(error), usage=True)
    if found.errors:
        session.refuse("; ".join(str(error) for error in found.errors))
    for scenario in found.scenarios.values():
        if "wall" not in scenario.clocks:
            continue
        size = min(options["sizes"] or scenario.sizes)
        world = _nearest(scenario)
        for strategy in scenario.strategies.values():
            wanted = not options["strategies"] or strategy.info.name in options["strategies"]
            if wanted and not strategy.info.flaw and strategy.runs(world, size) and size in scenario.sizes:
                yield Choice(scenario, strategy, world, size)


def _nearest(scenario: Any) -> str:
    """The world with the shortest round trip, and without a database that must be asked for."""
    worlds = {name: world.info(name) for name, world in scenario.worlds.items()}
    usual = [name for name in worlds if worlds[name].database in ("", "sqlite")] or list(worlds)
    return str(min(usual, key=lambda name: worlds[name].rtt_ns or 0))


class _Worlds:
    """Worlds that run, by scenario, name and size."""

    def __init__(self, servers: contextlib.ExitStack, seed: int) -> None:
        self._servers, self._seed = servers, seed
        self._addresses: dict[tuple[str, str, int], dict[str, str]] = {}

    def addresses(self, choice: Choice) -> dict[str, str]:
        """Where the choice's world is; started when it is first asked for."""
        from perfkit.bench.harness import world_of
        from perfkit.worlds.serving import serving

        key = (choice.scenario.name, choice.world, choice.size)
        if key not in self._addresses:
            source = partial(world_of, choice.scenario.file, *key, self._seed)
            self._addresses[key] = self._servers.enter_context(serving(source))
        return self._addresses[key]


def _measure(session: Any, choice: Choice, worlds: _Worlds, options: dict[str, Any]) -> None:
    from perfkit.worlds import fine_timers

    world = choice.scenario.worlds[choice.world]
    addresses = worlds.addresses(choice)

    def call() -> Any:
        access = world.access(addresses, choice.size, options["seed"], "wall")
        return choice.strategy.run(access, choice.size)

    async def awaited(loops: int) -> int:
        start = time.perf_counter_ns()
        for _ in range(loops):
            await call()
        return time.perf_counter_ns() - start

    async def first() -> None:
        try:
            await asyncio.wait_for(call(), options["longest_s"])
        except TimeoutError:
            raise TimeoutError(
                f"one call takes more than {options['longest_s']:.2g} s, too long for this budget: "
                "raise --budget, or gate its counters and virtual time"
            ) from None

    if choice.strategy.style == "async":
        fine_timers.run(first)
        session.measure(choice.name, lambda loops: fine_timers.run(lambda: awaited(loops)))
    else:
        session.measure(choice.name, session.loops_of(call))
