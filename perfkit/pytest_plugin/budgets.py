"""The marker ``perf(...)``: what it may say, read at collection, and what a test that broke it is told."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from perfkit.errors import UnknownNameError, UsageError
from perfkit.model import Change, Difference, Finding, Trace

if TYPE_CHECKING:
    import pytest

KINDS = {
    "max_queries": "query",
    "max_requests": "request",
    "max_connects": "connect",
    "max_transactions": "transaction",
}
"""Each limit of a count, and the kind of span it counts."""

PLURALS = {
    "query": "queries",
    "request": "requests",
    "connect": "connects",
    "transaction": "transactions",
}

KEYS = (*KINDS, "max_memory", "no", "probes")

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_UNWATCHED = (
    *("psycopg2", "pymysql", "MySQLdb", "aiomysql", "asyncmy", "mysql.connector", "oracledb", "pyodbc"),
    *("pymongo", "grpc", "pycurl"),
)
"""Clients of databases and services that no probe watches."""

_SHOWN = 5
"""Templates, and findings, that a message names."""


class Budget(Struct, frozen=True):
    """What one test may do. ``limits``: by name, as in the marker; ``no``: codes of rules."""

    limits: dict[str, int] = {}
    max_memory_bytes: int | None = None
    no: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()


def markers_of(item: pytest.Item, *, foreign: bool) -> list[pytest.Mark]:
    """The test's ``perf`` markers, the closest first.

    ``foreign``: the project has a marker of that name, of which those without our arguments are not for us.
    """
    return [m for m in item.iter_markers("perf") if not foreign or not set(KEYS).isdisjoint(m.kwargs)]


def budget_of(item: pytest.Item, *, foreign: bool = False) -> Budget:
    """The markers of a test and of its class and module together: for each key the closest one counts.

    Raises UsageError, naming the test, for a marker that cannot be read.
    """
    said: dict[str, Any] = {}
    for marker in markers_of(item, foreign=foreign):
        if marker.args:
            raise UsageError(
                f"{item.nodeid}: perf{marker.args!r}: limits have names, as in perf(max_queries=3)"
            )
        for key, value in marker.kwargs.items():
            said.setdefault(key, value)
    try:
        return read(said)
    except UsageError as error:
        raise UsageError(f"{item.nodeid}: {error}") from error


def read(said: Mapping[str, Any]) -> Budget:
    """The arguments of a marker. Raises UsageError for one that is unknown or has a bad value.

    >>> read({"max_queries": 3, "max_memory": "20 MB"}).max_memory_bytes
    20000000
    """
    for key in said:
        if key not in KEYS:
            raise UnknownNameError("argument of the perf marker", key, KEYS)
    memory = said.get("max_memory")
    return Budget(
        limits={key: _count(key, said[key]) for key in KINDS if said.get(key) is not None},
        max_memory_bytes=None if memory is None else bytes_of(memory),
        no=tuple(_codes(_names("no", said.get("no", ())))),
        probes=tuple(_known_probes(_names("probes", said.get("probes", ())))),
    )


def bytes_of(size: object) -> int:
    """A size in bytes, as a number or as in "20 MB" (a million each) and "20 MiB" (2**20 each).

    >>> bytes_of("1.5 KiB")
    1536
    """
    if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
        return size
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?I?B?)\s*", str(size), re.IGNORECASE)
    if not isinstance(size, str) or match is None or match[2].upper() not in _UNITS:
        raise UsageError(
            f"max_memory={size!r}: write a number of bytes, or a size as in '20 MB' or '512 KiB'"
        )
    return round(float(match[1]) * _UNITS[match[2].upper()])


def _count(key: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{key}={value!r}: write a whole number, 0 or more")
    return value


def _names(key: str, value: object) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple, set, frozenset)) or not all(isinstance(n, str) for n in names):
        raise UsageError(f"{key}={value!r}: write a list of names")
    return tuple(names)


def _codes(names: Iterable[str]) -> list[str]:
    """Rules by code or by name, as codes."""
    if not names:
        return []
    from perfkit.rules import available, load

    codes = {code: code for code in available()}
    codes |= {load(code).NAME: code for code in codes}
    for name in names:
        if name not in codes:
            raise UnknownNameError("rule", name, codes)
    return [codes[name] for name in names]


def _known_probes(names: Iterable[str]) -> Iterable[str]:
    if not names:
        return ()
    from perfkit.probes.registry import available

    for name in names:
        if name not in available():
            raise UnknownNameError("probe", name, available())
    return names


def broken(
    budget: Budget, trace: Trace, findings: Iterable[Finding], peak_bytes: int | None = None
) -> list[Difference]:
    """What of ``budget`` a recording breaks; each says it in a paragraph, with lines and a fix."""
    findings = list(findings)
    found = [
        _too_many(name, limit, trace, findings)
        for name, limit in budget.limits.items()
        if len(trace.of_kind(KINDS[name])) > limit
    ]
    if budget.max_memory_bytes is not None and (peak_bytes or 0) > budget.max_memory_bytes:
        says = f"{peak_bytes:,} bytes at the peak, max_memory={budget.max_memory_bytes:,}"
        found.append(_worse("peak_bytes", says, before=budget.max_memory_bytes, after=peak_bytes))
    found += [forbidden(finding) for finding in findings if finding.rule in budget.no]
    if trace.dropped and budget.limits:
        says = f"{trace.dropped} spans were dropped and not counted: record less in one test"
        found.append(_worse("dropped", says))
    seen = {span.attrs.get("library") for span in trace.spans}
    return found + [_saw_nothing(name) for name in budget.probes if name not in seen]


def forbidden(finding: Finding) -> Difference:
    """A finding that there should not be."""
    return _worse(
        "finding", described(finding), template=finding.template, after=finding.count, site=finding.site
    )


def _worse(metric: str, says: str, **more: Any) -> Difference:
    return Difference("", "", Change.WORSE, metric, says=says, **more)


def _too_many(name: str, limit: int, trace: Trace, findings: list[Finding]) -> Difference:
    kind = KINDS[name]
    spans = trace.of_kind(kind)
    counted = Counter((span.name, span.site) for span in spans).most_common()
    lines = [f"{len(spans)} {PLURALS[kind]}, {name}={limit}"]
    for (template, site), count in counted[:_SHOWN]:
        lines.append(f"  {count} x {template}" + (f" at {site}" if site else ""))
    if len(counted) > _SHOWN:
        lines.append(f"  and {len(counted) - _SHOWN} others")
    templates = {span.name for span in spans}
    about = [finding for finding in findings if finding.template in templates]
    lines += [f"  {line}" for finding in about[:1] for line in described(finding).splitlines()]
    (template, site), _ = counted[0]
    return _worse(kind, "\n".join(lines), template=template, before=limit, after=len(spans), site=site)


def described(finding: Finding) -> str:
    """A finding in two lines: rule, line and count; then what to do."""
    place = f" at {finding.site}" if finding.site else ""
    first = f"{finding.rule} {finding.name}{place}: {finding.count} x {finding.template}"
    return f"{first}\n  {finding.fix}" if finding.fix else first


def unwatched(budget: Budget, counts: Mapping[str, int]) -> list[str]:
    """A sentence about a limit that nothing was counted for, where a library without a probe is in use."""
    used = [name for name in _UNWATCHED if name in sys.modules]
    empty = [name for name in budget.limits if not counts.get(KINDS[name])]
    if not used or not empty:
        return []
    return [f"{empty[0]} counted nothing, and {used[0]} is imported, for which perfkit has no probe"]


def _saw_nothing(probe: str) -> Difference:
    says = (
        f"expected to see {probe} at work, and saw nothing: it was not used here, or in a way that its probe "
        "does not watch"
    )
    return Difference("", "", Change.UNSEEN, probe, says=says)
