"""PK102: one HTTP call per item, from one place, where one call could ask for many.

Requests belong together when host, method, URL template, body template and call path are equal. They are an
N+1 when their parameters differ; equal parameters are duplicates, and pages, batches and lists cut into
chunks are the cure rather than the illness.
"""

from __future__ import annotations

import math
import re

from perfkit.model import Finding, Span
from perfkit.rules.findings import about
from perfkit.rules.loops import Loop, is_refused
from perfkit.rules.savings import Saving, predict
from perfkit.rules.view import View, by_cost

CODE = "PK102"
NAME = "n-plus-one-request"

PAGE_PARAMETERS = frozenset(
    {"after", "afterid", "before", "beforeid", "bookmark", "continuation", "continuationtoken"}
    | {"cursor", "cursormark", "endcursor", "endingbefore", "endrow", "fromid", "lastid", "marker"}
    | {"maxid", "minid", "next", "nextcursor", "nextmarker", "nextpage", "nextpagetoken", "nexttoken"}
    | {"offset", "page", "pageafter", "pagebefore", "pagecursor", "pageindex", "pageinfo", "pagelimit"}
    | {"pageno", "pagenum", "pagenumber", "pageoffset", "pagesize", "pagetoken", "partnumber"}
    | {"perpage", "scrollid", "searchafter", "since", "sinceid", "skip", "skiptoken", "start"}
    | {"startafter", "startat", "startcursor", "startid", "startindex", "startingafter", "startrow"}
    | {"until"}
)
"""Last part of a parameter's name, its letters only, that says where in a listing a call starts."""

PASSING_PARAMETERS = frozenset(
    {"_", "_t", "cb", "nonce", "request_id", "requestid", "timestamp"}
    | {"hmac", "sig", "sign", "signature", "ts", "x-amz-date", "x-amz-signature"}
)
"""Outermost parameters, in lower case, that differ in every call without asking for anything else."""

UNKNOWN = "what they ask for"
"""Stands for the names of parameters that the trace does not have."""

NAMED = "the name in the path"
"""Stands for what differs where items have words for names."""

_NO_ITEM = re.compile(
    r"(?:^|[^a-z])(?:batch|bulk|multi|mget|mutate_rows)|(?:Batch|Bulk|Multi|Many)(?![a-z])"
    r"|(?:Receive|Poll|Subscribe|Watch|Heartbeat|KeepAlive|Part)(?![a-z])"
)
"""Part of a call's name: it asks for many already, waits for what comes, or sends a part of one thing."""

ON_RESOURCE = frozenset({"PUT", "PATCH", "DELETE"})

_KEYSET = re.compile(r"(?:^|\[)[<>]")
"""A filter such as ``>ID`` moves through a listing by its key."""

_WINDOWS = {"end": "start", "from": "size", "size": "from", "endtime": "starttime", "starttime": "endtime"}
"""Names that say where a call starts or ends only beside another one."""

_MASK = re.compile(r"\{[a-z]+\}")
_NO_LETTER = re.compile("[^a-z]")


def check(view: View) -> list[Finding]:
    """One finding per place that calls in a loop, the costliest first."""
    loops = [loop for loop in view.request_loops if id(loop) not in view.in_patterns]
    found = [_finding(view, loop, items) for loop in loops if (items := items_of(loop, view))]
    return by_cost(found + [_finding(view, loop, [NAMED], asked) for asked, loop in view.named_items])


def items_of(loop: Loop, view: View) -> list[str]:
    """Names of the parameters that say which item each call is for; empty if the calls are no N+1."""
    spans = loop.spans
    if len(spans) < view.needed(loop) or _NO_ITEM.search(_called(loop.first)):
        return []
    if "params" not in loop.first.attrs:
        return [] if loop.distinct < view.needed(loop) or view.is_chain(loop) else [UNKNOWN]
    items = _items(spans)
    needed = view.needed(loop)
    is_loop = _distinct(spans, items, enough=needed) >= needed and not all(
        _is_list(spans, name) for name in items
    )
    return items if is_loop and _is_for_items(loop, items) and not view.is_chain(loop) else []


def _called(span: Span) -> str:
    """The name of what is called: the method of an RPC, or the last part of the path."""
    return str(span.attrs.get("rpc") or span.attrs.get("template", "").partition("?")[0].rpartition("/")[2])


def _is_for_items(loop: Loop, items: list[str]) -> bool:
    """Whether the calls are for different items: a PUT, PATCH or DELETE is for what its URL names."""
    return loop.first.attrs.get("method") not in ON_RESOURCE or any(
        name == "path" or name.startswith("?") for name in items
    )


def _items(spans: list[Span]) -> list[str]:
    """Names of the parameters that say which item a call is for: they vary and are no page."""
    return [name for name in varying_parameters(spans) if not _is_page(name, spans[0])]


def _distinct(spans: list[Span], names: list[str], *, enough: float = math.inf) -> int:
    """How many different values ``names`` have; counted no further than to ``enough``."""
    seen: set[tuple[str | None, ...]] = set()
    for span in spans:
        params = span.attrs.get("params", {})
        seen.add(tuple([params.get(name) for name in names]))
        if len(seen) >= enough:
            break
    return len(seen)


def varying_parameters(spans: list[Span]) -> list[str]:
    """Names of the parameters that did not have the same value in all of ``spans``, but for nonces."""
    first = spans[0].attrs.get("params", {}).items() if spans else ()
    varying: set[str] = set()
    for span in spans:
        varying.update([name for name, _ in first ^ span.attrs.get("params", {}).items()])
    return sorted(name for name in varying if not _passes(name, spans[0]))


def _passes(name: str, span: Span) -> bool:
    return name.lstrip("?").lower() in PASSING_PARAMETERS or (name == "id" and _is_json_rpc(span))


def _is_json_rpc(span: Span) -> bool:
    return "jsonrpc:?" in str(span.attrs.get("body", ""))


def _is_page(name: str, span: Span) -> bool:
    if name == "path":
        # any mask besides {page} may be what varies
        masks = _MASK.findall(str(span.attrs.get("template", "")).partition("?")[0])
        return bool(masks) and all(mask == "{page}" for mask in masks)
    parts = name.lstrip("?").split(".")
    last = parts[-1]
    if _KEYSET.search(last):
        return True
    inner = last.rpartition("[")[2] if last.endswith("]") else last
    nested = "".join(parts[-2:])
    partner = _WINDOWS.get(last.lower(), "")
    if partner and any(key.lstrip("?").lower() == partner for key in span.attrs.get("params", {})):
        return True
    return any(_NO_LETTER.sub("", text.lower()) in PAGE_PARAMETERS for text in (last, inner, nested))


def _is_list(spans: list[Span], name: str) -> bool:
    """Whether each call but perhaps the last asked for several values of ``name`` already."""
    if name == "params" and _is_json_rpc(spans[0]):
        return False  # arguments by position, not values of one parameter
    single = 0
    for span in spans:
        single += int(span.attrs["params"].get(name, "").partition("*")[2] or 0) <= 1
        if single > 1:
            return False
    return True


def _finding(view: View, loop: Loop, items: list[str], asked: str = "") -> Finding:
    spans, first = loop.spans, loop.first
    saving = predict(loop, view)
    return about(
        view,
        spans,
        (CODE, NAME),
        template=asked or f"{first.name} {first.attrs.get('body', '')}".strip(),
        spent_ns=saving.spent_ns,
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=_evidence(loop, items),
        fix=_fix(loop, items[0], saving),
    )


def _evidence(loop: Loop, items: list[str]) -> list[str]:
    spans = loop.spans
    refused = sum(map(is_refused, loop.left_out))
    if items == [NAMED]:
        return [f"{len(spans)} calls that differ by the last word of the path", loop.timing]
    facts = [
        f"{len(spans)} calls; the trace does not have their parameters"
        if items == [UNKNOWN]
        else f"{len(spans)} calls with {_distinct(spans, items)} different values of {', '.join(items[:3])}",
        loop.timing,
    ]
    if refused:
        facts.append(f"{refused} more refused with 429 or 503")
    return facts


def _fix(loop: Loop, varying: str, saving: Saving) -> str:
    """What to do, naming nothing but what was seen."""
    name = varying.lstrip("?") if varying != "path" else "the id in the path"
    if saving.batch_size:
        call = loop.first.attrs.get("rpc") or loop.first.name
        return (
            f"Send up to {saving.batch_size} of these calls ({call}) in one batch request; "
            f"or ask once with a list for {name}, and page through the answer."
        )
    if loop.overlap > 1 or not saving.concurrency:
        return f"Ask once for all of them, with a list for {name}, if the service has such a call."
    return (
        f"Ask once for all of them, with a list for {name}, if the service has such a call; "
        f"or run up to {saving.concurrency} at a time{_together(loop)}."
    )


def _together(loop: Loop) -> str:
    """By what means; nothing is known of those of programs in other languages."""
    if not loop.placed:
        return ""
    return " (asyncio.gather behind a semaphore)" if loop.first.task else " (a ThreadPoolExecutor)"
