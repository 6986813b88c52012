import socket
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.cli import browser
from perfkit.cli.browser import open_page
from perfkit.cli.index import refresh_after
from perfkit.model.storage import read_run, write_run
from tests.report.index.stored import run_of, store


@pytest.fixture
def reports(project):
    return store(project / "reports", run_of(1), run_of(2, requests=5, ms=90))


@pytest.fixture
def opener(tmp_path):
    """A browser that writes down what it is asked to open; its $BROWSER, and the file."""
    program, seen = tmp_path / "a browser.py", tmp_path / "seen"
    program.write_text(f"import sys, pathlib\npathlib.Path({str(seen)!r}).write_text(sys.argv[1])\n")
    return f"'{sys.executable}' '{program}' %s", seen


def wait_for(path, within_s=20):
    import time

    until = time.monotonic() + within_s
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return path.read_text()


def test_index(perfkit, project, reports):
    done = perfkit("report", "--index", check=0)
    assert done.stderr == f"index: {reports / 'index.html'}\n"
    assert "Worse than in the run before" in (reports / "index.html").read_text()


def test_index_of_a_folder_that_is_not_there(perfkit, project):
    assert "cannot read the folder" in perfkit("report", "--index", check=2).stderr
    assert not (project / "reports").exists()


@pytest.mark.once
def test_bench_keeps_the_index(perfkit, project):
    perfkit("bench", "shop", "--size", "10", check=0)
    assert "1 run in all" in (project / "reports" / "index.html").read_text()


def test_runs_stored_elsewhere_leave_the_index_alone(reports, monkeypatch):
    monkeypatch.chdir(reports.parent)
    elsewhere = write_run(run_of(1), reports.parent / "elsewhere.json")
    refresh_after(elsewhere, reports)
    assert not (reports / "index.html").exists()
    refresh_after(Path("reports/run-1.json"), reports)
    assert (reports / "index.html").exists()


def test_the_index_can_be_switched_off(reports, monkeypatch):
    monkeypatch.chdir(reports.parent)
    monkeypatch.setenv("PERFKIT_INDEX", "0")
    refresh_after(reports / "run-1.json", reports)
    assert not (reports / "index.html").exists()


def test_an_index_that_cannot_be_written_is_a_warning(reports, monkeypatch, capsys):
    monkeypatch.chdir(reports.parent)
    (reports / "index.html").mkdir()
    refresh_after(reports / "run-1.json", reports)
    assert capsys.readouterr().err.startswith("perfkit: the index of runs was not written: cannot write")


def test_without_jinja2_there_is_no_index_and_no_word(reports, monkeypatch, capsys):
    monkeypatch.chdir(reports.parent)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    refresh_after(reports / "run-1.json", reports)
    assert not (reports / "index.html").exists()
    assert capsys.readouterr().err == ""


@pytest.mark.once
def test_without_a_report_there_is_no_index(perfkit, project):
    perfkit("bench", "shop", "--size", "10", "--no-report", check=0)
    assert [path.suffix for path in (project / "reports").iterdir()] == [".json"]


@pytest.mark.once
def test_a_gate_stored_among_the_reports_is_in_the_index(perfkit, project):
    (project / "reports").mkdir()
    perfkit("gate", "--update", "shop", "--reason", "first", check=0)
    perfkit("gate", "shop", "-o", "reports/gate.json", check=0)
    assert "gate.json" in (project / "reports" / "index.html").read_text()


@pytest.mark.once
def test_names_of_stored_runs(perfkit, project, reports):
    assert "2025-03-01" in perfkit("report", "run-1", "-f", "text", check=0).stdout
    perfkit("report", "latest", check=0)
    assert (reports / "run-2.html").exists()
    assert "2 runs in" in perfkit("report", "run", check=2).stderr
    assert "Did you mean 'run-1'" in perfkit("report", "ruN-1", check=2).stderr
    assert "begin with ''" in perfkit("report", "", check=2).stderr


def test_against_another_run(perfkit, project, reports):
    stored = (reports / "run-2.json").read_bytes()
    perfkit("report", "--index", check=0)
    done = perfkit("report", "run-2", "previous", check=0)  # worse, but a report only shows
    page = reports / "run-2--against--run-1.html"
    assert done.stderr == f"report: {page}\n"
    assert "FAIL" in page.read_text().partition("</title>")[0]
    assert (reports / "run-2.json").read_bytes() == stored
    assert not (reports / "run-2.html").exists()
    assert "./run-2--against--run-1.html" in (reports / "index.html").read_text()


@pytest.mark.once
def test_against_nothing_that_fits(perfkit, project, reports):
    assert "before run-1.json measured the same" in perfkit("report", "run-1", "previous", check=3).stderr
    assert "both RUN and BASE" in perfkit("report", "run-1", "run-1", check=2).stderr
    write_run(run_of(3, name="till"), reports / "till.json")
    perfkit("report", "till", "run-1", check=3)


@pytest.mark.once
def test_open(perfkit, project, reports, opener):
    browser, seen = opener
    perfkit("report", "run-1", "--open", env={"BROWSER": browser}, check=0)
    assert wait_for(seen) == (reports / "run-1.html").resolve().as_uri()


@pytest.mark.once
def test_without_a_browser_the_page_is_named(perfkit, project, reports):
    nothing = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = perfkit("report", "--index", "--open", env=nothing, check=0)
    assert done.stderr == (
        f"index: {reports / 'index.html'}\n"
        "no browser was found here; open the file above, or name one in $BROWSER\n"
    )
    missing = perfkit("report", "--index", "--open", env={"BROWSER": "/no/such/browser %s"}, check=0)
    assert "no browser was found" in missing.stderr


def test_a_browser_of_the_terminal_is_not_waited_for(monkeypatch):
    class Waits(browser.webbrowser.GenericBrowser):
        pass

    Waits.__name__ = "GenericBrowser"
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(browser.webbrowser, "get", lambda: Waits("lynx"))
    assert not open_page("file:///x.html")


def test_a_browser_is_started_apart(monkeypatch):
    started = []
    monkeypatch.setenv("BROWSER", "lynx")
    monkeypatch.setattr(browser.webbrowser, "get", lambda: browser.webbrowser.GenericBrowser("lynx"))
    monkeypatch.setattr(browser.subprocess, "Popen", lambda command, **how: started.append((command, how)))
    assert open_page("file:///x.html")
    nothing = subprocess.DEVNULL
    assert started == [
        (
            ["lynx", "file:///x.html"],
            {"stdin": nothing, "stdout": nothing, "stderr": nothing, "start_new_session": True},
        )
    ]


def test_github(perfkit, project, reports):
    summary = project / "summary.md"
    done = perfkit("report", "run-1", "--github", env={"GITHUB_STEP_SUMMARY": str(summary)}, check=0)
    assert "shop" in summary.read_text()
    assert done.stderr == f"summary: {summary}\n"
    assert not (reports / "run-1.html").exists()
    assert "GITHUB_STEP_SUMMARY" in perfkit("report", "run-1", "--github", check=2).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--serve", "-f", "md"), "--serve does not go with -f"),
        (("--serve", "run-1"), "--serve does not go with RUN"),
        (("--serve", "--index"), "--serve does not go with --index"),
        (("--index", "--github"), "--index does not go with --github"),
        (("--index", "-o", "x.html"), "--index does not go with -o"),
        (("--port", "1"), "--port is for --serve"),
        (("--host", "::1"), "--host is for --serve"),
        (("--open", "-f", "md"), "--open opens a page"),
        (("--open", "-o", "-"), "--open opens a page"),
        (("-f", "md,html", "-o", "x"), "-o names one file"),
        (("-f", "md,csv", "-o", "-"), "-o names one file"),
        (("-f", ","), "-f names no format; known: html, text"),
        (("-f", "htm"), "Did you mean 'html'"),
    ],
)
def test_options_that_do_not_fit(reports, monkeypatch, capsys, arguments, message):
    from perfkit.cli.entry import run

    monkeypatch.chdir(reports.parent)
    assert run(["report", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_reading_a_run_does_not_change_it(perfkit, project, reports):
    before = read_run(reports / "run-1.json")
    perfkit("report", "run-1", "-f", "md,html", check=0)
    assert read_run(reports / "run-1.json") == before


@pytest.mark.once
def test_serve_without_a_folder_or_with_a_port_in_use(perfkit, project):
    assert "there is no folder" in perfkit("report", "--serve", check=2).stderr
    (project / "reports").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = perfkit("report", "--serve", "--port", port, check=2).stderr
    assert f"cannot listen on 127.0.0.1, port {port}: " in said
    assert "--port" in said
    assert Path(project / "reports").exists()
