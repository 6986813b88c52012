"""What templates/spans.js makes of a page's spans, in Python: tests read the payload with it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct

COLUMNS = ("start", "duration", "label", "depth", "task")
_ISLAND = re.compile(r'(<script type="application/gzip"[^>]*>)(.*?)(</script>)', re.DOTALL)


def decoded(payload: str) -> dict:
    """The head and the columns of a payload, starts summed up within each lane."""
    raw = gzip.decompress(base64.b64decode(payload, validate=True))
    (length,) = struct.unpack_from("<I", raw)
    found = json.loads(raw[4 : 4 + length])
    body = raw[4 + length :]
    count = len(body) // 4 // len(COLUMNS)
    for number, name in enumerate(COLUMNS):
        planes = [body[(4 * number + n) * count : (4 * number + n + 1) * count] for n in range(4)]
        found[name] = [int.from_bytes(four, "little") for four in zip(*planes, strict=True)]
    first = 0
    for lane in lanes(found):
        for n in range(first + 1, first + lane["count"]):
            found["start"][n] += found["start"][n - 1]
        first += lane["count"]
    assert first == count
    return found


def lanes(found: dict) -> list[dict]:
    return [lane for group in found["groups"] for lane in group["lanes"]]


def spans(found: dict) -> list[tuple]:
    """Each span as lane, kind, name, site, error, flags, start and duration (nanoseconds), depth, task."""
    strings, rows, n = [*found["strings"], None], [], 0
    for group in found["groups"]:
        step_ns = group["step_ns"]
        for lane in group["lanes"]:
            for _ in range(lane["count"]):
                kind, name, site, error, flags = found["labels"][found["label"][n]]
                times = (found["start"][n] * step_ns, found["duration"][n] * step_ns)
                words = tuple(strings[place] for place in (kind, name, site, error))
                rows.append((lane["name"], *words, flags, *times, found["depth"][n], found["task"][n]))
                n += 1
    return rows


def readable(page: str) -> str:
    """The page without hashes, its packed spans as the text in them: for tests that search it for words."""
    page = re.sub(r"'sha256-[^']*'", "", page)
    return _ISLAND.sub(lambda found: json.dumps(decoded(found[2])["strings"], ensure_ascii=False), page)
