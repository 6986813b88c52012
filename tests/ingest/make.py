"""Documents of trace files made by hand, and the shortest ways to read them."""

import json

from perfkit.ingest.analysis import analyze
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.reading import Reader

BASE_NS = 1_700_000_000_000_000_000
MS = 1_000_000
TRACE = "5b8efff798038103d269b633813fc60c"
QUERY = {
    "db.system": "postgresql",
    "db.statement": "SELECT * FROM items WHERE order_id = $1",
    "db.name": "shop",
}
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5


def value(plain):
    if isinstance(plain, bool):
        return {"boolValue": plain}
    if isinstance(plain, int):
        return {"intValue": str(plain)}
    if isinstance(plain, float):
        return {"doubleValue": plain}
    if isinstance(plain, list):
        return {"arrayValue": {"values": [value(one) for one in plain]}}
    return {"stringValue": plain}


def attributes(facts):
    return [{"key": key, "value": value(plain)} for key, plain in facts.items()]


def span(number, parent=None, start=0, took=1, name="work", kind=INTERNAL, trace=TRACE, facts=None, **more):
    """A span of OTLP; ``start`` and ``took`` are in milliseconds."""
    found = {
        "traceId": trace,
        "spanId": f"{number:016x}",
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(BASE_NS + round(start * MS)),
        "endTimeUnixNano": str(BASE_NS + round((start + took) * MS)),
        "attributes": attributes(facts or {}),
        **more,
    }
    if parent is not None:
        found["parentSpanId"] = f"{parent:016x}"
    return found


def query(number, parent=None, start=0, took=1, facts=None, **more):
    return span(number, parent, start, took, "SELECT shop", CLIENT, facts=QUERY | (facts or {}), **more)


def request(number, parent=None, start=0, took=1, url="http://api.test/users/17", **more):
    facts = {"http.request.method": "GET", "url.full": url, "http.response.status_code": 200}
    return span(number, parent, start, took, "GET", CLIENT, facts=facts | more.pop("facts", {}), **more)


def resource(*spans, service="shop", scope="lib"):
    about = {"attributes": attributes({"service.name": service} if service else {})}
    return {"resource": about, "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}]}


def document(*spans, **more):
    return {"resourceSpans": [resource(*spans, **more)]}


def n_plus_one(count=6, trace=TRACE, start=0, name="GET /orders"):
    """A request that is answered with ``count`` queries, one after another."""
    root = span(1, None, start, count * 2 + 2, name, SERVER, trace)
    return [root, *(query(n + 2, 1, start + 1 + n * 2, trace=trace) for n in range(count))]


def stored(folder, content, name="traces.json"):
    """The path of a file with this content: bytes, a text, a document, or a list of documents, one a line."""
    if isinstance(content, list):
        content = "".join(f"{json.dumps(one)}\n" for one in content)
    elif not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return str(path)


def traces(folder, content, **options):
    """All traces of a file, by id, and what was left out or changed."""
    left_out = LeftOut()
    found = {}
    for trace_id, trace in Reader([stored(folder, content)], left_out, **options).traces():
        found.setdefault(trace_id, []).append(trace)
    return {key: one for key, (one, *_) in found.items()}, left_out


def only(folder, content, **options):
    """The only trace of a file that is read without loss or change."""
    found, left_out = traces(folder, content, **options)
    assert left_out.losses() == left_out.remarks() == []
    (trace,) = found.values()
    return trace


def tree(trace):
    """(name, name of the parent) of all spans."""
    names = {one.id: one.name for one in trace.spans}
    return [(one.name, names.get(one.parent)) for one in trace.spans]


def judged(folder, content, **options):
    return analyze([stored(folder, content)], **options)


def found(analysis):
    return [(one.rule, one.count, one.traces) for one in analysis.findings]
