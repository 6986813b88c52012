"""What holds for every format and every kind of run."""

import hashlib
import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from perfkit.model import Outcome
from perfkit.model.storage import encode_run
from perfkit.report import FORMATS, OF_RESULTS, render
from tests.report.formats.runs import RUNS

pytestmark = pytest.mark.once

TEXTS = [name for name, form in FORMATS.items() if not form.picture]
"""Pictures have tests of their own: drawing them takes long."""


@pytest.fixture(scope="module")
def rendered():
    """Each run in each format, with the run as it was before and after."""
    found = {}
    for name, make in RUNS.items():
        run = make()
        before = encode_run(run)
        for form in TEXTS:
            found[form, name] = render(run, form)
            assert encode_run(run) == before, f"{form} changed the run {name}"
    return found


@pytest.mark.parametrize("name", RUNS)
def test_the_same_run_gives_the_same_bytes(rendered, name):
    run = RUNS[name]()
    for form in TEXTS:
        assert render(run, form) == rendered[form, name], form


PROGRAM = """
import hashlib, json
from perfkit.report import FORMATS, render
from tests.report.formats.runs import RUNS
TEXTS = [name for name, form in FORMATS.items() if not form.picture]
names = ("against", "profiles", "targets", "tune", "hostile")
print(json.dumps({f"{form} {name}": hashlib.sha256(render(RUNS[name](), form)).hexdigest()
                  for name in names for form in TEXTS}))
"""


def test_so_it_does_in_another_process_with_other_hashes_and_another_time_zone(rendered):
    settings = {
        "PYTHONHASHSEED": "4242",
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "COLUMNS": "40",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    theirs = json.loads(done.stdout)
    ours = {f"{f} {n}": hashlib.sha256(found).hexdigest() for (f, n), found in rendered.items()}
    assert {key: ours[key] for key in theirs} == theirs


@pytest.mark.parametrize("name", RUNS)
def test_each_format_is_utf_8_and_ends_in_a_line(rendered, name):
    for form in TEXTS:
        assert rendered[form, name].decode("utf-8").endswith("\n"), form


def said_by(form, found):
    """The outcome that a rendered run shows first; None for formats that show none."""
    text = found.decode()
    if form in ("text", "md", "html"):
        return re.search(r"\b(PASS|FAIL|INCONCLUSIVE)\b", text)[0]
    if form == "sarif":
        return json.loads(text)["runs"][0]["properties"]["outcome"]
    if form == "openmetrics":
        return re.search(r'perfkit_outcome\{perfkit_outcome="(\w+)"\} 1', text)[1].upper()
    if form == "chrome":
        return json.loads(text)["otherData"]["outcome"]
    return None


@pytest.mark.parametrize("name", RUNS)
def test_all_formats_show_the_runs_own_outcome(rendered, name):
    said = {form: said_by(form, rendered[form, name]) for form in TEXTS}
    shown = {form: outcome for form, outcome in said.items() if outcome is not None}
    assert set(shown) == {"text", "md", "html", "sarif", "openmetrics", "chrome"}
    assert set(shown.values()) == {RUNS[name]().outcome.name}


@pytest.mark.parametrize("name", RUNS)
def test_what_fails_a_run_is_an_error_in_every_list_of_problems(rendered, name):
    run = RUNS[name]()
    if run.outcome is not Outcome.FAIL:
        return
    assert b"::error " in rendered["github", name]
    assert int(ET.fromstring(rendered["junit", name]).get("failures")) > 0
    entries = json.loads(rendered["gitlab", name])
    assert {"blocker", "critical"} & {entry["severity"] for entry in entries}
    (log,) = json.loads(rendered["sarif", name])["runs"]
    notes = log["invocations"][0]["toolExecutionNotifications"]
    assert "error" in {one["level"] for one in (*log["results"], *notes)}


def test_what_passes_has_no_error(rendered):
    passing = [name for name, make in RUNS.items() if make().outcome is Outcome.PASS]
    assert {"bench", "trace", "analysis", "tune"} <= set(passing)
    for name in passing:
        assert b"::error" not in rendered["github", name]
        severities = {entry["severity"] for entry in json.loads(rendered["gitlab", name])}
        assert not {"blocker", "critical"} & severities


@pytest.mark.parametrize("form", ["junit", "sarif", "gitlab", "md", "github", "text", "html", "json"])
def test_a_missed_target_is_in_every_format_that_lists_problems(rendered, form):
    text = rendered[form, "targets"].decode()
    assert "shop/page at 100 rows" in text
    assert "query" in text


def test_results_need_no_recording():
    assert set(FORMATS) - set(OF_RESULTS) == {"otlp", "chrome", "speedscope", "svg", "png"}


def test_no_two_formats_end_alike_and_none_as_a_run_does():
    suffixes = [form.suffix for name, form in FORMATS.items() if not form.to_stdout]
    assert len(suffixes) == len(set(suffixes))
    assert [name for name, form in FORMATS.items() if form.suffix.endswith(".json")] == ["json"]
