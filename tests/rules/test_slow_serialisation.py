import asyncio
import io
import json
from json import loads as read_json

import aiohttp
import httpx
import msgspec
import msgspec.json as fast
import pytest

import perfkit
from perfkit.model import Frame, Span, Trace
from perfkit.rules import View, blocking_call
from perfkit.rules.slow_serialisation import check
from tests.probes.server import serve

pytestmark = pytest.mark.once

MS = 1_000_000
LINE = Frame("app/export.py", 30, "prices")
ROWS = [{"id": n, "name": "x" * 20, "tags": ["a", "b"]} for n in range(120_000)]
TEXT = json.dumps(ROWS)


@pytest.fixture(scope="module")
def server():
    with serve() as running:
        yield running


def view(*steps):
    for number, step in enumerate(steps, 1):
        step.id = number
    return View(Trace("wall", 0, 10_000 * MS, list(steps)))


def step(call="", inside="", start_ms=0, length_ms=80, cpu_ms=80, path=(LINE,), task=1, waiting=0, **more):
    attrs = {
        "threshold_ns": 50 * MS,
        "call": call,
        "inside": inside,
        "waiting": waiting,
        "library": "asyncio",
        **more,
    }
    times = (start_ms * MS, (start_ms + length_ms) * MS)
    return Span(0, None, "blocked", "held", *times, None, path, task, 1, attrs, None, cpu_ms * MS)


@pytest.mark.parametrize(
    ("call", "inside"),
    [
        ("json.loads", ""),
        ("json.dumps", "json.encoder.JSONEncoder.iterencode"),
        ("loads", "json.decoder.JSONDecoder.raw_decode"),
        ("response.json", ""),
        ("client.fetch", "simplejson.decoder.JSONDecoder.raw_decode"),
        ("orjson.loads", ""),
        ("ujson.dumps", ""),
        ("msgspec.json.decode", ""),
        ("order.model_dump_json", ""),
        ("Order.model_validate_json", ""),
        ("pandas.read_json", "pandas.io.json._json.read_json"),
    ],
)
def test_json_in_a_coroutine(call, inside):
    (finding,) = check(view(step(call, inside)))
    assert (finding.rule, finding.name, finding.count) == ("PK403", "slow-serialisation", 1)
    assert (finding.site, finding.path, finding.template) == (LINE, (LINE,), call)
    assert (finding.spent_ns, finding.saving_ns) == (80 * MS, None)
    assert finding.basis.startswith("unknown: ")
    assert blocking_call.check(view(step(call, inside))) == []


@pytest.mark.parametrize(
    ("call", "inside"),
    [("pickle.loads", ""), ("shrink", ""), ("", ""), ("response.read", "zlib.decompress"), ("load", "")],
)
def test_other_work_is_another_rules(call, inside):
    assert check(view(step(call, inside))) == []
    assert len(blocking_call.check(view(step(call, inside)))) == 1


def test_one_finding_per_line():
    other = Frame("app/export.py", 44, "orders")
    steps = [
        step("json.loads"),
        step("json.loads", start_ms=100),
        step("json.dumps", start_ms=200, path=(other,)),
    ]
    findings = check(view(*steps))
    assert [(f.site, f.count, f.spent_ns) for f in findings] == [(LINE, 2, 160 * MS), (other, 1, 80 * MS)]
    assert findings[0].evidence == ["2 steps held the event loop for 160 ms in all, 80 ms at most"]


def test_what_is_said_of_it():
    (finding,) = check(view(step("json.loads", "json.decoder.JSONDecoder.raw_decode", waiting=3)))
    assert finding.evidence == [
        "1 step held the event loop for 80 ms in all, 80 ms at most",
        "at work: json.decoder.JSONDecoder.raw_decode",
        "others that were ready to run meanwhile: up to 3",
    ]
    assert finding.fix.startswith(
        "Ask for less: fewer fields, pages, or a format by line; or use a faster library"
    )
    (finding,) = check(view(step("orjson.dumps")))
    assert finding.fix.startswith("Send less or in pieces; or make it in another process")


def test_a_thread_that_waits_for_the_interpreter_lock_reads_no_json():
    assert check(view(step("asyncio.to_thread", "threading.Condition.wait", cpu_ms=2))) == []
    assert check(view(step("json.loads", cpu_ms=2))) == []


def test_what_shows_no_line_or_runs_in_a_notebook_is_none():
    assert check(view(step("json.loads", path=()))) == []
    assert check(view(step("json.loads", path=(Frame("cell.py", 1, "<module>"),)))) == []


# The libraries themselves


def recorded(main):
    """Line, counted from that of ``main``, and template of each finding."""
    with perfkit.record() as rec:
        asyncio.run(main())
    seen = View(rec.trace)
    findings = check(seen)
    others = {number for finding in blocking_call.check(seen) for number in finding.span_ids}
    assert others.isdisjoint(number for finding in findings for number in finding.span_ids)
    return sorted((f.site.line - main.__code__.co_firstlineno, f.template) for f in findings)


async def rounds():
    """Several, because a busy machine may let nobody look at one."""
    for _ in range(4):
        yield
        await asyncio.sleep(0.01)


def decode(text):
    return json.loads(text)


def test_the_standard_librarys():
    async def main():
        async for _ in rounds():
            json.loads(TEXT)
        async for _ in rounds():
            json.dumps(ROWS * 2)
        async for _ in rounds():
            read_json(TEXT)
        async for _ in rounds():
            decode(TEXT)
        async for _ in rounds():
            json.loads("[1, 2, 3]")

    assert recorded(main) == [(2, "json.loads"), (4, "json.dumps"), (6, "read_json"), (8, "json.loads")]


def test_msgspec_by_whatever_name():
    async def main():
        async for _ in rounds():
            msgspec.json.decode("[1, 2, 3]")
        async for _ in rounds():
            fast.decode(long)

    long = "[" + ",".join([TEXT] * 2) + "]"
    assert recorded(main) == [(4, "fast.decode")]


def test_responses(server):
    async def main():
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{server.url}/echo", data=io.BytesIO(TEXT.encode())) as response,
        ):
            async for _ in rounds():
                await response.json()
        async with httpx.AsyncClient(verify=False) as client:
            response = await client.post(f"{server.url}/echo", content=TEXT.encode())
        async for _ in rounds():
            response.json()

    assert recorded(main) == [(6, "response.json"), (10, "response.json")]


def test_what_others_took_of_the_processor_does_not_count():
    assert not check(view(step("json.loads", length_ms=100, cpu_ms=40, delayed_ns=60 * MS)))
    assert check(view(step("json.loads", length_ms=100, cpu_ms=60, delayed_ns=40 * MS)))
