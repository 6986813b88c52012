import gzip
import os

import pytest

from perfkit.model.storage import write_run
from perfkit.report.index import site as sites
from perfkit.report.index.site import Site, is_own_host
from tests.report.index.stored import run_of, store


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.json").write_text("secret")
    return store(tmp_path / "reports", run_of(1), run_of(2))


@pytest.fixture
def site(folder):
    return Site(folder)


def test_the_index_is_made_on_request(site, folder):
    for path in ("/", "/index.html"):
        answer = site.answer(path)
        assert answer.status == 200
        assert b"2 runs in all" in answer.body
    write_run(run_of(3), folder / "run-3.json")
    assert b"3 runs in all" in site.answer("/").body
    assert not (folder / "index.html").exists()


def test_files_are_served_as_they_are(site, folder):
    (folder / "run-1.html").write_text("<p>kept")
    (folder / "run-1.svg").write_text("<svg/>")
    (folder / "run-1.json.gz").write_bytes(gzip.compress(b"{}"))
    for name, kind in (
        ("run-1.html", "text/html; charset=utf-8"),
        ("run-1.json", "application/json"),
        ("run-1.json.gz", "application/gzip"),
        ("run-1.svg", "image/svg+xml"),
    ):
        answer = site.answer(f"/{name}")
        assert (answer.status, answer.content_type) == (200, kind)
        assert answer.body == (folder / name).read_bytes()


def test_a_report_that_is_missing_is_made_once(site, folder, monkeypatch):
    made, rendered = [], sites._rendered
    monkeypatch.setattr(sites, "_rendered", lambda *what: made.append(what[1]) or rendered(*what))
    first = site.answer("/run-1.html")
    assert first.status == 200
    assert first.body.startswith(b"<!doctype html")
    assert site.answer("/run-1.html") == first
    assert made == ["run-1.json"]
    assert not (folder / "run-1.html").exists()
    write_run(run_of(1, requests=9), folder / "run-1.json")
    assert site.answer("/run-1.html") != first


def test_a_damaged_run_is_an_answer_without_the_folders_name(site, folder):
    (folder / "bad.json").write_text("{")
    answer = site.answer("/bad.html")
    assert answer.status == 500
    assert answer.body.startswith(b"bad.json is damaged or not a perfkit run")
    assert str(folder).encode() not in answer.body


def test_a_run_that_contradicts_itself_is_an_answer(site, folder):
    strange = run_of(5)
    strange.scenarios[0].cells[0].strategy = "nobody"
    write_run(strange, folder / "strange.json")
    answer = site.answer("/strange.html")
    assert (answer.status, answer.body) == (500, b"strange.html cannot be shown: KeyError\n")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.json",
        "/..",
        "/.",
        "//secret.json",
        "/below/run.json",
        "/..\\secret.json",
        "/.perfkit-index.json",
        "/link.json",
        "/link.html",
        "/folder.json",
        "/pipe.json",
        "/notes.py",
        "/no.json",
        "/no.html",
        "/run-1.json\0.html",
        "/" + "x" * 5000 + ".json",
        "/\udcff.json",
        "/run-1.json/",
        "relative",
    ],
)
def test_nothing_else_is(site, folder, path):
    site.answer("/")  # so that there is a cache file
    (folder / "below").mkdir()
    (folder / "below" / "run.json").write_text("secret")
    (folder / "link.json").symlink_to(folder.parent / "secret.json")
    (folder / "folder.json").mkdir()
    (folder / "notes.py").write_text("secret")
    os.mkfifo(folder / "pipe.json")
    answer = site.answer(path)
    assert (answer.status, answer.body) == (404, b"no such file here\n")


def test_headers_of_pages_and_files(site):
    page, file = site.answer("/").headers, site.answer("/run-1.json").headers
    for headers in (page, file, site.answer("/no").headers):
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "sandbox" in file["Content-Security-Policy"]
    assert "script-src" not in file["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "127.9.9.9", "[::1]", "[::1]:80"]
)
def test_names_of_this_machine(host):
    assert is_own_host(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.test", "evil.test:8700", "localhost.evil.test", "localhost:", "localhost:x", "10.0.0.1",
     "[::2]:80", "127.0.0.1.evil.test", "127.0.0.1@evil.test", "[::1", "evil.test:80]", "0.0.0.0"],
)  # fmt: skip
def test_names_of_others(host):
    assert not is_own_host(host)
