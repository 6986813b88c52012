import os
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from perfkit.errors import RunFileError
from perfkit.model.storage import write_run
from perfkit.report.index import INDEX, pages, read_shelf, refresh, render_index
from perfkit.report.index.pages import OPEN_ROWS
from tests.report.index.stored import run_of, store
from tests.report.sample import failing_run, hostile_run

HOSTILE = "</script><img src=http://x.test/ onerror=alert(1)>\u202e\"'"


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, name):
        return [attrs for tag, attrs in self.found if tag == name]


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def test_rows_are_from_new_to_old(tmp_path):
    folder = store(
        tmp_path, run_of(1, revision="a" * 40), failing_run(), run_of(3, revision="b" * 40, dirty=True)
    )
    page = refresh(folder).read_text()
    text = words(page)
    assert "NEWEST ✓ PASS shop 2025-03-03 08:00:00 UTC; 3 runs in all" in text.replace("Newest ✓", "NEWEST ✓")
    assert text.index("2025-03-03") < text.index("2025-03-01") < text.index("✗ FAIL")
    assert "bbbbbbb main + uncommitted changes" in text
    assert "shop: batched 4.0x faster than serial bench, virtual clock, seed 1, perfkit 0.1.0" in text
    assert "<title>3 runs - perfkit</title>" in page


def test_what_became_worse_stands_first(tmp_path):
    text = words(refresh(store(tmp_path, run_of(1), run_of(2, requests=5))).read_text())
    assert text.index("Worse than in the run before:") < text.index("Trends")
    assert "shop: batched requests 5 , worse: was 2 in the run before (+150.0 %)" in text


def test_nothing_worse_is_not_mentioned(tmp_path):
    assert "Worse" not in words(refresh(store(tmp_path, run_of(1), run_of(2))).read_text())


def test_what_lies_beside_a_run_is_linked(tmp_path):
    folder = store(tmp_path, run_of(1), run_of(2))
    for name in (
        "run-1.html",
        "run-1.png",
        "run-1.heatmap.svg",
        "run-1--against--run-2.html",
        "run-10.png",
        "index.css",
    ):
        (folder / name).write_text("")
    links = [attrs["href"] for attrs in Elements(refresh(folder).read_text()).all("a")]
    assert links == [
        "./run-2.json",
        "./run-1.html",
        "./run-1.json",
        "./run-1.heatmap.svg",
        "./run-1.png",
        "./run-1--against--run-2.html",
    ]


def test_served_each_run_has_a_report(tmp_path):
    shelf = read_shelf(store(tmp_path, run_of(1)))
    links = [attrs["href"] for attrs in Elements(render_index(shelf, served=True)).all("a")]
    assert links == ["./run-1.html", "./run-1.html", "./run-1.json"]


@pytest.mark.parametrize(
    "name", ["a b", "ä€", 'it\'s "so"', "<img src=x>", "javascript:alert(1)", "a%2fb#c?d"]
)
def test_links_of_strange_names_are_right(tmp_path, name):
    write_run(run_of(1), tmp_path / f"{name}.json")
    (link,) = Elements(refresh(tmp_path).read_text()).all("a")
    assert link["href"].startswith("./")
    assert unquote(link["href"].removeprefix("./")) == f"{name}.json"
    assert set(link["href"]) <= set("./%-_~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_hostile_runs_do_no_harm(tmp_path):
    run = run_of(2, revision=HOSTILE, name=HOSTILE, title=HOSTILE, best=HOSTILE, perfkit=HOSTILE)
    other = hostile_run(HOSTILE)
    (tmp_path / f"{HOSTILE.replace('/', '')}.json").write_text("{")
    page = refresh(store(tmp_path, run, other)).read_text()
    elements = Elements(page)
    assert elements.all("img") == elements.all("script") == []
    assert not [
        name for _, attrs in elements.found for name in attrs if name.startswith("on") or name == "style"
    ]
    assert "\u202e" not in page


def test_the_same_runs_give_the_same_bytes(tmp_path):
    runs = run_of(1, revision="a" * 40), run_of(2), failing_run()
    first = refresh(store(tmp_path / "one", *runs)).read_bytes()
    assert refresh(tmp_path / "one").read_bytes() == first
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copyfile)
    os.utime(tmp_path / "two" / "run-1.json", (1, 1))
    assert refresh(tmp_path / "two").read_bytes() == first


def test_the_folders_name_is_not_in_the_page(tmp_path):
    folder = store(tmp_path / "reports", run_of(1))
    (folder / "bad.json").write_text("{")
    assert str(tmp_path) not in refresh(folder).read_text()


def test_files_that_are_no_runs_are_named(tmp_path):
    (tmp_path / "bad.json").write_text("{")
    text = words(refresh(tmp_path).read_text())
    assert "There is no run here yet. perfkit bench makes one." in text
    assert "Files that are not listed: 1 bad.json is damaged or not a perfkit run" in text


def test_old_runs_are_folded(tmp_path):
    folder = store(tmp_path, *(run_of(1, requests=number) for number in range(OPEN_ROWS + 3)))
    page = refresh(folder).read_text()
    assert "Older runs: 3" in page
    assert page.count("<tr>") == OPEN_ROWS + 3 + 2


def test_it_carries_no_script_and_permits_none(tmp_path):
    page = refresh(store(tmp_path, run_of(1))).read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert not re.search(r"(src|href)=\"?(http|//)", page)


def test_runs_that_arrive_while_it_is_written_are_in_it(tmp_path, monkeypatch):
    folder, write = store(tmp_path, run_of(1)), pages.write_atomic

    def written(path, data):
        if path.name == INDEX and not (folder / "late.json").exists():
            write_run(run_of(2), folder / "late.json")
        return write(path, data)

    monkeypatch.setattr(pages, "write_atomic", written)
    assert "./late.json" in refresh(folder).read_text()


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    folder = store(tmp_path, run_of(1))
    (folder / INDEX).mkdir()
    with pytest.raises(RunFileError, match=r"cannot write .*: Is a directory. perfkit report --serve"):
        refresh(folder)
    assert "batched" in render_index(read_shelf(folder))
