import json
import os
import shutil
import subprocess
import sys

import pytest

from perfkit.errors import RunFileError
from perfkit.model.storage import write_run
from perfkit.report.index import shelf as shelves
from perfkit.report.index.shelf import AGAINST, CACHE, UNREAD, read_shelf
from tests.report.index.stored import run_of, store
from tests.report.sample import analysis_run, empty_run, failing_run, trace_run


def names(shelf):
    return [book.name for book in shelf.runs]


@pytest.fixture
def folder(tmp_path):
    return store(tmp_path / "reports", run_of(1), run_of(3), run_of(2))


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that were read."""
    found, read = [], shelves._read

    def counted(path, *key):
        found.append(path.name)
        return read(path, *key)

    monkeypatch.setattr(shelves, "_read", counted)
    return found


def test_runs_are_from_new_to_old(folder):
    assert names(read_shelf(folder)) == ["run-2.json", "run-3.json", "run-1.json"]


def test_a_run_is_read_once(folder, reads):
    first = read_shelf(folder)
    assert sorted(reads) == ["run-1.json", "run-2.json", "run-3.json"]
    reads.clear()
    assert read_shelf(folder) == first
    assert reads == []
    write_run(run_of(4), folder / "run-4.json.gz")
    assert names(read_shelf(folder))[0] == "run-4.json.gz"
    assert reads == ["run-4.json.gz"]


def test_a_run_that_was_replaced_is_read_again(folder, reads):
    read_shelf(folder)
    reads.clear()
    write_run(run_of(9, requests=100), folder / "run-1.json")
    assert names(read_shelf(folder))[0] == "run-1.json"
    assert reads == ["run-1.json"]


def test_a_run_that_is_gone_leaves_the_cache(folder):
    read_shelf(folder)
    (folder / "run-2.json").unlink()
    assert names(read_shelf(folder)) == ["run-3.json", "run-1.json"]
    assert "run-2" not in (folder / CACHE).read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"made_by": 1, "books": []}', "\udc80", "[" * 5000])
def test_a_damaged_cache_is_made_anew(folder, text):
    whole = read_shelf(folder)
    cache = (folder / CACHE).read_bytes()
    (folder / CACHE).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_shelf(folder) == whole
    assert (folder / CACHE).read_bytes() == cache


def test_a_cache_of_another_version_is_made_anew(folder, monkeypatch, reads):
    read_shelf(folder)
    reads.clear()
    monkeypatch.setattr(shelves, "VERSION", shelves.VERSION + 1)
    read_shelf(folder)
    assert len(reads) == 3


def test_what_is_no_run_is_said(folder):
    (folder / "empty.json").write_text("")
    (folder / "list.json").write_text("[1]")
    (folder / "newer.json").write_text('{"schema": 999}')
    (folder / "half.json.gz").write_bytes(b"\x1f\x8b\x08")
    (folder / "wrong.json").write_text(json.dumps({"schema": 3, "kind": 5}))
    (folder / "notes.txt").write_text("not looked at")
    said = {book.name: book.error for book in read_shelf(folder).others}
    assert list(said) == ["empty.json", "half.json.gz", "list.json", "newer.json", "wrong.json"]
    assert said["empty.json"].startswith("is damaged or not a perfkit run")
    assert said["half.json.gz"].startswith("is damaged or not a perfkit run")
    assert said["list.json"] == "is not a perfkit run: it has no integer 'schema'"
    assert said["newer.json"] == "written by a newer perfkit; this one reads runs up to schema 3"
    assert said["wrong.json"].startswith("is not a whole perfkit run")
    assert len(read_shelf(folder).runs) == 3


def test_a_run_that_contradicts_itself_does_not_hide_the_others(folder):
    strange = run_of(5)
    strange.scenarios[0].cells[0].strategy = "nobody"
    write_run(strange, folder / "strange.json")
    shelf = read_shelf(folder)
    assert [(book.name, book.error) for book in shelf.others] == [
        ("strange.json", "cannot be summed up: KeyError")
    ]
    assert len(shelf.runs) == 3


def test_the_same_run_twice_is_one(folder):
    shutil.copy(folder / "run-2.json", folder / "copy.json")
    write_run(run_of(3), folder / "run-2.json.gz")
    assert names(read_shelf(folder)) == ["run-2.json.gz", "run-3.json", "run-1.json"]


def test_of_two_copies_the_one_with_a_page_is_listed(folder):
    (one, *_) = read_shelf(folder).runs
    (folder / "0-copy.json").write_bytes((folder / one.name).read_bytes())
    (folder / f"{one.stem}.html").write_text("page")
    assert read_shelf(folder).runs[0].name == one.name


def test_only_plain_files_of_the_folder_itself_are_runs(folder, tmp_path):
    write_run(run_of(7), tmp_path / "outside.json")
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    (folder / "dangling.json").symlink_to(tmp_path / "nothing.json")
    (folder / "below").mkdir()
    write_run(run_of(8), folder / "below" / "run.json")
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    write_run(run_of(9), folder / ".hidden.json")
    write_run(run_of(9), folder / f"run-2{AGAINST}run-1.json")
    shelf = read_shelf(folder)
    assert len(shelf.runs) == 3
    assert shelf.others == ()


def test_runs_of_one_second_are_ordered_by_their_files(tmp_path):
    folder = store(tmp_path / "reports", run_of(1, 2), run_of(1, 3), run_of(1, 4))
    for number, time_s in ((1, 20), (2, 30), (3, 10)):
        os.utime(folder / f"run-{number}.json", (time_s, time_s))
    assert names(read_shelf(folder)) == ["run-2.json", "run-1.json", "run-3.json"]


def test_time_that_is_over_leaves_old_runs_unread(folder, reads):
    for number in (1, 2, 3):
        os.utime(folder / f"run-{number}.json", (number, number))
    shelf = read_shelf(folder, budget_s=-1)
    assert reads == []
    assert {book.error for book in shelf.others} == {UNREAD}
    assert read_shelf(folder).others == ()
    assert reads == ["run-3.json", "run-2.json", "run-1.json"]


def test_progress_is_told(folder):
    told = []
    read_shelf(folder, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RunFileError, match=r"cannot read the folder .*nowhere: No such file"):
        read_shelf(tmp_path / "nowhere")


def test_a_folder_without_runs(tmp_path):
    assert read_shelf(tmp_path).runs == ()
    assert not (tmp_path / CACHE).exists()


def test_a_cache_that_cannot_be_written_is_no_error(folder, monkeypatch, reads):
    def refuse(*_):
        raise RunFileError("read-only")

    monkeypatch.setattr(shelves, "write_atomic", refuse)
    assert len(read_shelf(folder).runs) == 3
    assert len(read_shelf(folder).runs) == 3
    assert len(reads) == 6


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text(folder):
    strange = os.fsdecode(b"run-\xff.json")
    write_run(run_of(8), folder / strange)
    assert names(read_shelf(folder))[0] == strange
    assert names(read_shelf(folder))[0] == strange
    assert (folder / CACHE).exists()


@pytest.mark.parametrize("make", [trace_run, analysis_run, failing_run, empty_run])
def test_every_kind_of_run_is_summed_up(tmp_path, make):
    run = make()
    (book,) = read_shelf(store(tmp_path, run)).runs
    assert book.summary.kind == run.kind
    assert book.summary.outcome == run.outcome.name
    assert book.summary.says
    assert read_shelf(tmp_path).runs == (book,)


def test_what_was_measured_is_named(tmp_path):
    folder = store(tmp_path, run_of(1), trace_run(), analysis_run())
    assert {tuple(book.summary.names) for book in read_shelf(folder).runs} == {
        ("shop",),
        ("app/report.py",),
        ("day.jsonl",),
    }


@pytest.mark.once
def test_two_processes_at_once(tmp_path):
    folder = store(tmp_path / "reports", *(run_of(day) for day in range(1, 20)))
    code = (
        f"from pathlib import Path; from perfkit.report.index import refresh; refresh(Path({str(folder)!r}))"
    )
    working = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(60) for process in working] == [0, 0]
    assert len(read_shelf(folder).runs) == 19
    assert (folder / "index.html").read_text().count("<tr>") == 20
    assert sorted(path.suffix for path in folder.iterdir() if not path.name.startswith("run-")) == [
        ".html",
        ".json",
    ]
