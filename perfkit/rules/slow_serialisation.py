"""PK403: JSON that is read or made in a coroutine, and takes so long that the event loop stands still.

The evidence is a "blocked" span: a step of the loop that took longer than the probe's threshold, and was
working on JSON when it was looked at. Many small documents that are slow together are not seen.
"""

from __future__ import annotations

from perfkit.model import Finding, Frame, Span, busy_ns
from perfkit.rules import holding
from perfkit.rules.findings import about
from perfkit.rules.savings import text
from perfkit.rules.view import View, by_cost

CODE = "PK403"
NAME = "slow-serialisation"

_MAKING = ("dump", "encode", "iterencode", "to_json", "jsonify")


def check(view: View) -> list[Finding]:
    """One finding per line that works on JSON for too long, the costliest first."""
    groups: dict[Frame | None, list[Span]] = {}
    for span in view.trace.spans:
        if span.kind == "blocked" and span.path and holding.is_on_loop(view, span) and _is_json(view, span):
            groups.setdefault(holding.line(view, span), []).append(span)
    return by_cost([_finding(view, line, spans) for line, spans in groups.items()])


def _is_json(view: View, span: Span) -> bool:
    return holding.is_computing(span) and holding.is_long(span) and holding.is_json(view, span)


def _finding(view: View, line: Frame | None, spans: list[Span]) -> Finding:
    first = spans[0]
    call, inside = str(first.attrs.get("call", "")), str(first.attrs.get("inside", ""))
    longest = max(span.duration_ns for span in spans)
    steps = f"{len(spans)} step{'s' if len(spans) > 1 else ''}"
    evidence = [f"{steps} held the event loop for {text(busy_ns(spans))} in all, {text(longest)} at most"]
    if inside:
        evidence.append(f"at work: {inside}")
    waiting = max(span.attrs.get("waiting", 0) for span in spans)
    if waiting:
        evidence.append(f"others that were ready to run meanwhile: up to {waiting}")
    return about(
        view,
        spans,
        (CODE, NAME),
        template=call or inside,
        site=line,
        basis="unknown: what fewer fields or another library would take cannot be told from a trace",
        evidence=evidence,
        fix=_fix(call, inside),
    )


def _fix(call: str, inside: str) -> str:
    """A thread is no cure for one large document: these libraries keep the interpreter lock for all of it."""
    making = any(word in name.rpartition(".")[2] for name in (call, inside) for word in _MAKING)
    less = "Send less or in pieces" if making else "Ask for less: fewer fields, pages, or a format by line"
    own = inside.startswith("json.") or call.startswith("json.")
    faster = "; or use a faster library (orjson, msgspec)" if own else ""
    done = "make" if making else "read"
    return (
        f"{less}{faster}; or {done} it in another process (loop.run_in_executor with a ProcessPoolExecutor). "
        "asyncio.to_thread helps with many documents, but not with one: its work holds the interpreter lock."
    )
