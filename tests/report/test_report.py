import subprocess
import sys

import pytest

from perfkit.errors import MissingExtraError, UnknownNameError
from perfkit.model.storage import decode_run, encode_run
from perfkit.report import FORMATS, render
from perfkit.report.formats import html
from perfkit.report.formats.html import render_html
from perfkit.report.terminal.terminal import render_terminal
from tests.report.sample import analysis_run, empty_run, hostile_run, sample_run

pytestmark = pytest.mark.once


def hostile_text():
    return hostile_run("\ud800]]> ::error::\x1b[31m \u202e")


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_renders_bytes_and_has_a_suffix(name):
    assert render(empty_run(), name)
    assert FORMATS[name].suffix[0] == "."


def test_formats_written_beside_a_run_do_not_replace_each_other():
    suffixes = [form.suffix for form in FORMATS.values() if not form.to_stdout]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("run", [analysis_run, hostile_text])
def test_each_format_shows_a_file_of_traces(name, run):
    assert render(run(), name) == render(run(), name)


def test_text_is_what_a_pipe_gets_at_a_fixed_width():
    text = render(analysis_run(), "text").decode()
    assert text.startswith("PASS: read in part; what was left out is listed below\nWhat was found? ")
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_json_is_the_run_itself():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    assert encode_run(decode_run(render(run, "json"))) == encode_run(run)


def test_an_unknown_format_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no format named 'htm'\. Did you mean 'html'\?"):
        render(empty_run(), "htm")


def test_importing_the_room_imports_no_renderer():
    code = "import sys, perfkit.report; print(sorted({'jinja2', 'matplotlib', 'rich'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"


@pytest.mark.parametrize(("package", "named"), [("jinja2", "jinja2"), ("markdown_it", "markdown-it-py")])
def test_a_missing_package_is_named(monkeypatch, package, named):
    html._environment.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        MissingExtraError, match=rf"needs {package.replace('_', '.*')}.*pip install 'perfkit\[report\]'"
    ):
        render_html(sample_run(groups=("aiohttp",), sizes=[20, 200]))


def test_a_page_of_a_bench_run_needs_no_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "<svg" in render_html(sample_run(groups=("aiohttp",), sizes=[20, 200]))


def test_the_terminal_without_rich(monkeypatch):
    from rich.console import Console

    console = Console()
    monkeypatch.setitem(sys.modules, "rich.text", None)
    with pytest.raises(MissingExtraError, match="the terminal report needs rich"):
        render_terminal(empty_run(), console)
