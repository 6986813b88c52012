"""reports/example is what perfkit makes of the standard run today."""

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from perfkit.model.storage import encode_run, read_run, write_run

pytestmark = pytest.mark.once

EXAMPLE = Path(__file__).parents[2] / "reports" / "example"
RENDERED = ("report.html", "change.html", "figure.svg", "figure.png")
REBUILD = "run: python reports/example/rebuild.py --render"


@pytest.fixture(scope="module")
def rebuild():
    specification = importlib.util.spec_from_file_location("rebuild", EXAMPLE / "rebuild.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rendered(rebuild):
    return rebuild.pages()


class _Words(HTMLParser):
    """The texts of a page or drawing, without scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.found, self.inside = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.found += data.split()


@pytest.mark.parametrize("name", RENDERED[:3])
def test_it_says_what_perfkit_says_today(rendered, name):
    """Whatever versions of the libraries are installed."""
    stored = (EXAMPLE / name).read_text(encoding="utf-8")
    assert _Words(rendered[name].decode()).found == _Words(stored).found, REBUILD


@pytest.mark.parametrize("name", RENDERED)
def test_it_is_drawn_as_perfkit_draws_today(rebuild, rendered, name):
    other = rebuild.unlike(rebuild.RENDERERS)
    if other:
        pytest.skip(f"drawn with other versions: {other}")
    assert rendered[name] == (EXAMPLE / name).read_bytes(), REBUILD


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("leads", {"sizes": (20,)}),
        ("call_tasks", {"sizes": (20,)}),
        ("client_limits", {"sizes": (200,), "worlds": ("rate",)}),
        ("calls", {"worlds": ("own",), "strategies": ("parallel",)}),
    ],
)
def test_its_figures_are_those_of_today(rebuild, name, part):
    fresh = rebuild.measure(EXAMPLE.parents[1] / "scenarios", name, **part)
    assert fresh.scenarios[0].cells
    stale = rebuild.differences(read_run(EXAMPLE / rebuild.RUN), fresh, subset=True)
    if stale and (other := rebuild.unlike(rebuild.CLIENTS)):
        pytest.skip(f"measured with other versions: {other}")
    assert not stale, "run: python reports/example/rebuild.py"


def test_the_change_is_that_of_its_two_files(rebuild):
    for side in rebuild.SIDES:
        fresh = rebuild.measure(EXAMPLE / "change" / side)
        stale = rebuild.differences(read_run(EXAMPLE / "change" / f"{side}.json"), fresh)
        if stale and (other := rebuild.unlike(rebuild.CLIENTS)):
            pytest.skip(f"measured with other versions: {other}")
        assert not stale, "run: python reports/example/rebuild.py"


def test_a_run_that_is_not_as_stored_is_told_cell_by_cell(rebuild, capsys, tmp_path):
    run = read_run(EXAMPLE / "change" / "head.json")
    slower = read_run(EXAMPLE / "change" / "head.json")
    slower.scenarios[0].cells[0].counters["query"] += 1
    del slower.scenarios[1].cells[0]
    assert rebuild.differences(run, run) == []
    gone, more = rebuild.differences(run, slower)
    assert gone == "order_export: send at 100 on default: no longer measured"
    assert more.startswith("order_page: show at 20 on default: counters is ")
    assert "'query': 22" in more.partition("stored as")[0]
    assert "'query': 21" in more.partition("stored as")[2]
    assert rebuild.check(write_run(slower, tmp_path / "other.json")) == 1
    assert "rebuild.py" in capsys.readouterr().out
    assert rebuild.check(EXAMPLE / rebuild.RUN) == 0
    assert "cells, as stored" in capsys.readouterr().out


def test_it_is_whole_small_and_names_no_machine(rebuild):
    run = read_run(EXAMPLE / rebuild.RUN)
    assert [scenario.name for scenario in run.scenarios] == ["call_tasks", "calls", "client_limits", "leads"]
    assert run.outcome.value == "pass"
    assert (EXAMPLE / rebuild.RUN).stat().st_size < 300_000
    assert (EXAMPLE / "report.html").stat().st_size < 400_000
    named = re.compile(r"(?:^|[\s\"'(=>])/(?:home|root|tmp|work|Users|usr|opt)/|[A-Z]:\\\\", re.MULTILINE)
    for file in rebuild.files():
        if file.suffix in (".html", ".svg", ".json"):
            assert not named.search(file.read_text(encoding="utf-8")), file.name
    assert not named.search(encode_run(run).decode())
