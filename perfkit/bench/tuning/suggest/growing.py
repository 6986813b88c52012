"""Errors, failures and memory that rise with the load."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.suggest.case import Advice, Case, operations_of
from perfkit.model import Cell
from perfkit.stats.growth import exponent

LOOKED_AT = "errors and memory over the sizes"

MORE_ERRORS = 0.01
"""A share of failed operations that is so much higher at the largest size."""

TOO_STEEP = 1.2
"""An exponent: memory for data grows with it, and no faster."""

REFUSALS = ("status_429", "status_503")


def check(case: Case) -> Iterator[Advice]:
    """Failing altogether, then errors, then memory."""
    yield from _fails(case)
    yield from _errors(case)
    yield from _memory(case)


def _fails(case: Case) -> Iterator[Advice]:
    last = max((cell.size for cell in case.smaller if cell.status == "ok"), default=None)
    failed = [c for c in case.smaller if c.status in ("failed", "timeout") and last and c.size > last]
    if failed:
        yield Advice(
            "fails-when-large",
            f"Find what gives way between {last:,} and {failed[0].size:,}: bound what is held or under way.",
            f"It ends well at {last:,} and not at {failed[0].size:,} ({failed[0].status}).",
            (failed[0].error,),
            case.where,
            case.about,
        )


def _errors(case: Case) -> Iterator[Advice]:
    shares = [(cell, _error_share(cell)) for cell in case.smaller if cell.status == "ok"]
    if len(shares) < 2 or shares[-1][1] - shares[0][1] < MORE_ERRORS:
        return
    figures = tuple(f"{100 * share:.2g} % at {cell.size:,}" for cell, share in shares)
    yield Advice(
        "errors",
        "Have less under way at a time, and look at what the errors say.",
        f"The share of failed requests rises with the load, to {100 * shares[-1][1]:.2g} %.",
        figures,
        case.where,
        case.about,
    )


def _error_share(cell: Cell) -> float:
    """Answers 4xx and 5xx, but for refusals, and requests without any answer."""
    errors = sum(count for name, count in cell.counters.items() if _is_error(name))
    return errors / max(1, operations_of(cell.counters))


def _is_error(name: str) -> bool:
    status = name.removeprefix("status_")
    return name.startswith("status_") and name not in REFUSALS and status[:1] in ("4", "5", "n")


def _memory(case: Case) -> Iterator[Advice]:
    cells = [cell for cell in case.smaller if cell.status == "ok"]
    for name in sorted({name for cell in cells for name in cell.figures if name.endswith("_bytes")}):
        points = [(cell.size, cell.figures[name]) for cell in cells if name in cell.figures]
        slope = exponent(points)
        if slope is not None and slope > TOO_STEEP:
            yield Advice(
                "memory",
                f"Hold less at a time: read in pages, and drop what is done ({name}).",
                f"{name} grows faster than the data: with the power {slope:.3g} of the size.",
                tuple(f"{value:,.0f} bytes at {size:,}" for size, value in points),
                case.where,
                case.about,
            )
