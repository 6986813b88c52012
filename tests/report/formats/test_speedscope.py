"""Files that speedscope opens: by its schema, by the rule it refuses files for, and in its own page."""

import asyncio
import base64
import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from perfkit.model import Frame, Span, Trace, pack
from perfkit.report.formats.speedscope import render
from tests.browser import needs_browser, running_browser
from tests.report.formats.runs import RUNS
from tests.report.sample import empty_run, sample_run, trace_run

pytestmark = pytest.mark.once

MODULES = os.environ.get("PERFKIT_NODE_MODULES", "")
RELEASE = Path(MODULES, "speedscope", "dist", "release")
needs_speedscope = pytest.mark.skipif(
    not (MODULES and RELEASE.is_dir()),
    reason="PERFKIT_NODE_MODULES names no folder with speedscope in it (npm install speedscope@1.25.0)",
)


def file_of(run):
    return json.loads(render(run))


def of_spans(*spans):
    run = empty_run(kind="trace", command=["perfkit", "run", "app.py"])
    run.trace = pack(Trace("wall", 1_000, 1_100, list(spans)))
    return file_of(run)


def shown(file, profile):
    """Its events as "O name at", "C name at"."""
    names = [frame["name"] for frame in file["shared"]["frames"]]
    return [f"{event['type']} {names[event['frame']]} {event['at']}" for event in profile["events"]]


@pytest.mark.parametrize("name", RUNS)
def test_what_speedscope_asks_for(name):
    file = file_of(RUNS[name]())
    frames = file["shared"]["frames"]
    assert len({json.dumps(frame) for frame in frames}) == len(frames)
    for profile in file["profiles"]:
        assert profile["name"]
        if profile["type"] == "sampled":
            assert len(profile["samples"]) == len(profile["weights"])
            assert sum(profile["weights"]) == profile["endValue"]
            continue
        stack, now = [], profile["startValue"]
        for event in profile["events"]:
            assert event["at"] >= now
            now = event["at"]
            if event["type"] == "O":
                stack.append(event["frame"])
            else:
                assert stack.pop() == event["frame"]
        assert not stack
        assert now <= profile["endValue"]


def test_an_operation_stands_below_the_calls_that_led_to_it():
    site, outer = Frame("app/a.py", 4, "one"), Frame("app/b.py", 9, "all")
    file = of_spans(
        Span(1, None, "request", "GET a.test/", 1_000, 1_010, site, (site, outer)),
        Span(2, 1, "connect", "connect a.test", 1_000, 1_004, site, (site, outer)),
        Span(3, None, "span", "load", 1_010, 1_020, site, (site,)),
    )
    (profile,) = file["profiles"]
    assert (profile["name"], profile["unit"], profile["endValue"]) == (
        "perfkit run app.py",
        "nanoseconds",
        100,
    )
    assert shown(file, profile) == [
        "O all (app/b.py:9) 0",
        "O one (app/a.py:4) 0",
        "O GET a.test/ 0",
        "O connect a.test 0",
        "C connect a.test 4",
        "C GET a.test/ 10",
        "C one (app/a.py:4) 10",
        "C all (app/b.py:9) 10",
        "O load 10",
        "C load 20",
    ]
    assert file["shared"]["frames"][1] == {"name": "one (app/a.py:4)", "file": "app/a.py", "line": 4}


def test_what_overlaps_is_in_profiles_of_its_own():
    file = of_spans(Span(1, None, "request", "a", 1_000, 1_010), Span(2, None, "request", "b", 1_005, 1_020))
    first, second = file["profiles"]
    assert shown(file, first) == ["O a 0", "C a 10"]
    assert shown(file, second) == ["O b 5", "C b 20"]
    assert second["name"] == "perfkit run app.py, at once 2"


def test_profiles_of_the_program():
    cpu, memory, *_ = file_of(RUNS["profiles"]())["profiles"]
    assert (cpu["type"], cpu["name"], cpu["unit"]) == ("sampled", "cpu import", "nanoseconds")
    assert cpu["samples"] == [[0], [0, 1], [0, 1, 2]]
    assert cpu["weights"] == [3_000, 12_000, 7_000]
    assert (memory["name"], memory["unit"], memory["endValue"]) == ("memory import", "bytes", 22_000)


def test_a_bench_has_a_profile_for_each_lane():
    names = [profile["name"] for profile in file_of(sample_run(groups=("aiohttp",), sizes=[20]))["profiles"]]
    assert names[0] == "leads: aiohttp_serial at 20 leads on own"
    assert "leads: aiohttp_concurrent at 20 leads on own, thread 1, at once 5" in names


@needs_speedscope
@pytest.mark.parametrize("name", ["profiles", "targets", "hostile gate", "empty"])
def test_valid_against_speedscopes_schema(name):
    schema = json.loads((RELEASE / "file-format-schema.json").read_text())
    schema = {**schema, "$ref": "#/definitions/FileFormat.File"}
    assert [error.message[:200] for error in Draft7Validator(schema).iter_errors(file_of(RUNS[name]()))] == []
    assert not Draft7Validator(schema).is_valid({"profiles": []})


async def opened(page, folder, data):
    """What speedscope's own page shows of a file: its title, and its bar."""
    script = folder / "profile.js"
    words = json.dumps(base64.b64encode(data).decode())
    script.write_text(f"speedscope.loadFileFromBase64('run.speedscope', {words})")
    await page.open("about:blank")
    await page.open(f"{(RELEASE / 'index.html').as_uri()}#localProfilePath={script}")
    for _ in range(200):
        body = await page.evaluate("document.body.innerText")
        if "Left Heavy" in body or "Something went wrong" in body:
            break
        await asyncio.sleep(0.05)
    return await page.evaluate("document.title"), body


@needs_browser
@needs_speedscope
def test_speedscope_opens_it_and_refuses_one_that_does_not_nest(tmp_path):
    good, bad = render(RUNS["profiles"]()), file_of(trace_run())
    bad["profiles"][0]["events"].reverse()

    async def check(page):
        title, bar = await opened(page, tmp_path, good)
        assert title == "perfkit run app/report.py - speedscope"
        assert "cpu import (1/4)" in bar
        for name in ("bench", "hostile"):
            title, bar = await opened(page, tmp_path, render(RUNS[name]()))
            assert "(1/" in bar
        title, bar = await opened(page, tmp_path, json.dumps(bad).encode())
        assert "Something went wrong" in bar

    with running_browser() as run:
        run(check)
