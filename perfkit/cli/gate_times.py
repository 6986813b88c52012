"""``perfkit gate --base``: wall time of two revisions, as a Run."""

from __future__ import annotations

import sys
from pathlib import Path

from perfkit import config
from perfkit.cli.show import notes
from perfkit.errors import UsageError
from perfkit.model.run import Run

DEFAULT_BUDGET_S = 12.0
"""Real seconds per benchmark; in experiments slowdowns from 2.5 % were found within them."""


def gate_times(
    names: tuple[str, ...],
    *,
    base: str,
    budget_s: float | None = None,
    allow_dirty: bool = False,
    instructions: bool = False,
    self_test: bool = False,
    command: tuple[str, ...] = (),
) -> Run:
    """Compare the benchmarks of ``command``, or the named scenarios in wall time, with those of ``base``.

    With ``self_test`` the work tree is compared with itself. Raises UsageError (exit code 2) and
    NothingToCompareError (3), with what keeps the two from being compared.
    """
    from perfkit import __version__
    from perfkit.bench.ab.plan import AbPlan
    from perfkit.bench.ab.revisions import Wanted, compare_revisions
    from perfkit.bench.environment import describe_machine
    from perfkit.bench.targets.profile import profile
    from perfkit.bench.targets.timed import enter_timed

    if not base and not self_test:
        raise UsageError(
            f"{' '.join(command)}: its times are compared with those of another revision: name one with "
            "--base REF, or try with --self-test whether it can be a gate"
        )
    if names and command:
        raise UsageError(f"name scenarios ({', '.join(names)}) or give a command after --, not both")
    _check_valgrind(instructions)
    settings = config.load()
    targets = profile(settings)
    wanted = Wanted(
        base="" if self_test else base,
        command=command,
        names=names,
        folder=settings.folder("scenarios"),
        seed=settings.integer("seed"),
        allow_dirty=allow_dirty,
        instructions=instructions,
    )
    plan = AbPlan(budget_s=budget_s or DEFAULT_BUDGET_S)
    machine = describe_machine(Path.cwd())
    with _Line() as line:
        gate, interrupted = compare_revisions(Path.cwd(), wanted, plan, line)
    run = Run(
        kind="gate",
        clock="wall",
        seed=wanted.seed,
        machine=machine,
        perfkit=__version__,
        command=["perfkit", *sys.argv[1:]],
        gate=gate,
        interrupted=interrupted,
    )
    if not self_test:
        enter_timed(run, targets)
    return run


def _check_valgrind(wanted: bool) -> None:
    from perfkit.bench.ab.instructions import available

    if wanted and not available():
        raise UsageError("--instructions needs valgrind, which is not installed: apt install valgrind")


class _Line:
    """What is being done, on one line of stderr that goes away; off a terminal nothing is said."""

    def __init__(self) -> None:
        self._status = notes().status("")

    def __enter__(self) -> _Line:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, text: str) -> None:
        """Show ``text``."""
        self._status.update(text)
