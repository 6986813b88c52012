"""``Scenario``: a job, the worlds it is done in, and the strategies that do it.

A scenario is a declaration; making one runs nothing and registers nothing. The command line finds scenarios
by looking through a module for them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from msgspec import Struct

from perfkit.errors import ScenarioError, UnknownNameError
from perfkit.model import Claim, Frame, Mark, ScenarioResult, StrategyInfo
from perfkit.tracing import callpath

if TYPE_CHECKING:
    from perfkit.worlds import World

F = TypeVar("F", bound=Callable[..., Any])
Check = Callable[[ScenarioResult], "tuple[str, bool | None]"]

DEFAULT_WORLD = "default"
NOTHING: Mapping[str, Sequence[float]] = MappingProxyType({})

ELAPSED = "elapsed_ns"
"""The goal of a scenario that names no other."""

NO_REFUSALS: Mapping[str, float] = MappingProxyType({"status_429": 0, "status_503": 0})
"""A setting that a service refuses requests at is no candidate for ``perfkit tune``."""

CLOCKS = ("virtual", "wall")
STYLES = ("async", "sync")
MAX_GROWTH = 10


class Strategy(Struct, frozen=True):
    """One way to do the job: ``run(world, size)``, sync or async, returns the answer."""

    info: StrategyInfo
    run: Callable[..., Any]
    site: Frame
    worlds: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    needs: str = ""

    @property
    def style(self) -> str:
        """Which of ``STYLES`` it is."""
        import inspect  # late: it takes its time, and importing perfkit must not

        return "async" if inspect.iscoroutinefunction(self.run) else "sync"

    def runs(self, world: str, size: int) -> bool:
        """Whether it is declared for that world and size."""
        return (not self.worlds or world in self.worlds) and (not self.sizes or size in self.sizes)


class StoryClaim(Struct, frozen=True):
    """A sentence of the story and the function that measures it."""

    says: str
    check: Check


class Scenario:
    """A job to be compared over strategies, sizes and worlds.

    ``sizes`` are numbers of ``unit``; ``world`` is one world or a mapping of names to worlds. ``growth`` is
    how counters may grow at most, as an exponent of the size: 1 with it, 0 not at all (else PK502).
    ``default_sizes`` are those measured when none is named (default: all), ``gate_sizes`` those of ``perfkit
    gate`` (default: the three smallest of them; two at least show growth). ``marks`` are stretches of time
    that series are shown with. ``clocks`` are those it can be run on: a simulated day is for "virtual" alone.

    ``goal`` is what strategies are judged by and ``perfkit tune`` makes small: the name of a figure or
    counter, or several with a weight each, which are added up; reports compare by it if all are durations.
    ``limits`` are the most that figures or counters may reach.

    >>> from perfkit.worlds import WebWorld
    >>> shop = Scenario("shop", sizes=(10, 100), world=WebWorld(lambda size: None), unit="orders")
    >>> @shop.strategy(baseline=True)
    ... async def serial(world, size): ...
    >>> list(shop.strategies)
    ['serial']
    """

    def __init__(
        self,
        name: str,
        *,
        sizes: Sequence[int],
        world: World | Mapping[str, World],
        unit: str = "items",
        title: str = "",
        doc: str = "",
        growth: float = 1.0,
        default_sizes: Sequence[int] = (),
        gate_sizes: Sequence[int] = (),
        marks: Sequence[Mark] = (),
        goal: str | Mapping[str, float] = ELAPSED,
        limits: Mapping[str, float] = NO_REFUSALS,
        clocks: Sequence[str] = CLOCKS,
    ) -> None:
        if not name or any(letter in name for letter in "/\\ ,"):
            raise ScenarioError(f"a scenario's name must be a word without / \\ , or spaces, not {name!r}")
        if not sizes or any(not isinstance(size, int) or size < 1 for size in sizes):
            raise ScenarioError(f"scenario {name}: sizes must be whole numbers from 1, not {sizes!r}")
        if not isinstance(growth, (int, float)) or not 0 <= growth <= MAX_GROWTH:
            raise ScenarioError(f"scenario {name}: growth must be an exponent from 0 to 10, not {growth!r}")
        for option, chosen in (("default_sizes", default_sizes), ("gate_sizes", gate_sizes)):
            if unknown := sorted(set(chosen) - set(sizes)):
                raise ScenarioError(f"scenario {name}: {option} has {unknown[0]}, which is not among sizes")
        if not clocks or any(clock not in CLOCKS for clock in clocks):
            raise ScenarioError(f"scenario {name}: clocks must be among {', '.join(CLOCKS)}, not {clocks!r}")
        caller = sys._getframe(1)
        self.name = name
        self.clocks = tuple(clocks)
        self.sizes = tuple(sorted(set(sizes)))
        self.worlds: dict[str, World] = dict(world) if isinstance(world, Mapping) else {DEFAULT_WORLD: world}
        self.default_sizes = tuple(sorted(set(default_sizes or sizes)))
        self.gate_sizes = tuple(sorted(set(gate_sizes))) or self.default_sizes[:3]
        self.unit = unit
        self.growth = growth
        self.marks = tuple(marks)
        self.goal = {goal: 1.0} if isinstance(goal, str) else dict(goal)
        self.limits = dict(limits)
        self.title = title
        self.doc = doc or (caller.f_globals.get("__doc__") or "").strip()
        self.file = caller.f_code.co_filename
        self.strategies: dict[str, Strategy] = {}
        self.claims: list[StoryClaim] = []

    @overload
    def strategy(self, function: F) -> F: ...
    @overload
    def strategy(
        self,
        *,
        name: str = "",
        group: str = "",
        title: str = "",
        shape: str = "",
        baseline: bool = False,
        fixes: str = "",
        flaw: str = "",
        builds_on: str = "",
        worlds: Iterable[str] = (),
        sizes: Iterable[int] = (),
        needs: str = "",
        tune: Mapping[str, Sequence[float]] = NOTHING,
    ) -> Callable[[F], F]: ...
    def strategy(
        self,
        function: F | None = None,
        *,
        name: str = "",
        group: str = "",
        title: str = "",
        shape: str = "",
        baseline: bool = False,
        fixes: str = "",
        flaw: str = "",
        builds_on: str = "",
        worlds: Iterable[str] = (),
        sizes: Iterable[int] = (),
        needs: str = "",
        tune: Mapping[str, Sequence[float]] = NOTHING,
    ) -> Any:
        """Declare a strategy: ``@scenario.strategy`` or ``@scenario.strategy(baseline=True, ...)``.

        ``title`` is what reports show beside the name (default: the docstring's first line).
        ``group`` names the client or library used; each group may have one ``baseline``. ``shape`` places it
        among "serial", "batched", "concurrent" and "batched_concurrent" (default: its name, if it is one).
        ``fixes`` names the rule whose prediction it proves. ``flaw`` says why it is expected to go wrong.
        ``builds_on`` names the strategy that this one is with one thing mended: reports show what that saves.
        ``worlds`` and ``sizes`` limit where it runs. ``needs`` names a package without which it is skipped.
        ``tune`` names keyword-only parameters of the function and the values ``perfkit tune`` begins with:
        ``tune={"batch": (1, 10, 50)}`` for ``async def run(world, size, *, batch=50)``.
        """

        def declare(function: F) -> F:
            full = name or (f"{group}.{function.__name__}" if group else function.__name__)
            plain = full.rpartition(".")[2]
            doc = (function.__doc__ or "").strip()
            info = StrategyInfo(
                name=full,
                group=group,
                title=title or doc.partition("\n")[0],
                doc=doc,
                shape=shape or (plain if plain in SHAPES else ""),
                baseline=baseline,
                fixes=fixes,
                flaw=flaw,
                builds_on=builds_on,
                parameters=_parameters(full, function, tune) if tune else {},
            )
            self._add(Strategy(info, function, _defined_at(function), tuple(worlds), tuple(sizes), needs))
            return function

        return declare if function is None else declare(function)

    def _add(self, strategy: Strategy) -> None:
        info = strategy.info
        if info.name in self.strategies:
            raise ScenarioError(f"scenario {self.name} has two strategies named {info.name!r}; rename one")
        if info.baseline and any(
            s.info.baseline and s.info.group == info.group for s in self.strategies.values()
        ):
            raise ScenarioError(f"scenario {self.name} has two baselines in group {info.group!r}; keep one")
        if info.builds_on and info.builds_on not in self.strategies:
            unknown = UnknownNameError("strategy", info.builds_on, self.strategies)
            raise ScenarioError(f"{self.name}.{info.name} builds on one not declared before it: {unknown}")
        for world in strategy.worlds:
            if world not in self.worlds:
                raise ScenarioError(
                    f"{self.name}.{info.name}: {UnknownNameError('world', world, self.worlds)}"
                )
        self.strategies[info.name] = strategy

    def claim(self, says: str) -> Callable[[Check], Check]:
        """Put a sentence of the story beside the measurement: ``check(result) -> (measured, holds)``.

        ``holds`` None means that this run cannot tell.
        """

        def declare(check: Check) -> Check:
            self.claims.append(StoryClaim(says, check))
            return check

        return declare

    def check_claims(self, result: ScenarioResult) -> list[Claim]:
        """The story's sentences beside ``result``; one that cannot be computed says why."""
        checked = []
        for claim in self.claims:
            try:
                measured, holds = claim.check(result)
            except (LookupError, AttributeError, TypeError, ZeroDivisionError):
                measured, holds = "not measured in this run", None
            checked.append(Claim(claim.says, measured, holds))
        return checked


SHAPES = ("serial", "batched", "concurrent", "batched_concurrent")
"""Shapes readers know; reports draw these beside each other."""


def _parameters(
    name: str, function: Callable[..., Any], tune: Mapping[str, Sequence[float]]
) -> dict[str, list[float]]:
    import inspect  # late, as above

    declared = inspect.signature(function).parameters
    for parameter, values in tune.items():
        found = declared.get(parameter)
        if found is None or found.kind is not found.KEYWORD_ONLY or found.default is found.empty:
            raise ScenarioError(
                f"strategy {name}: tune names {parameter!r}; make it a keyword-only parameter with a default"
            )
        if not values or not all(_is_number(value) for value in (*values, found.default)):
            raise ScenarioError(
                f"strategy {name}: {parameter} and its default must be finite numbers, not {values!r}"
            )
    return {parameter: sorted(set(values)) for parameter, values in tune.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _defined_at(function: Callable[..., Any]) -> Frame:
    code = getattr(function, "__code__", None)
    if code is None:
        return Frame("", 0, getattr(function, "__name__", "strategy"))
    file = callpath.shown(code.co_filename) or code.co_filename
    return Frame(file, code.co_firstlineno, code.co_qualname.replace(".<locals>", ""))
