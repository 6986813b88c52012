"""No value, token or password of a recorded program is in any report, whatever found its way into it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.model import unpack
from perfkit.model.plain import plain
from perfkit.model.storage import read_run, write_run
from perfkit.report import FORMATS, render
from perfkit.report.index import CACHE, refresh
from tests.report.packed import readable

pytestmark = pytest.mark.once


PROGRAM = Path(__file__).parent / "leaky.py"
SECRET = re.compile(r".{0,60}zx\d.{0,30}", re.IGNORECASE | re.DOTALL)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The stored run, and what perfkit wrote while it ran."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "pyproject.toml").write_text("[tool.perfkit]\n")
    shutil.copy(PROGRAM, folder / "program.py")
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "run", "-o", "run.json", "program.py", "--password", "Zx37"],
        cwd=folder,
        env={**os.environ, "DATABASE_URL": "postgresql://admin:Zx38@db/shop"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return read_run(folder / "run.json"), done.stderr, (folder / "run.html").read_text()


def words_of(rendered):
    """What is text in it: pixels and hashes are none, packed spans are."""
    if rendered.startswith(b"\x89PNG"):
        return rendered.partition(b"IDAT")[0].decode("latin-1")
    text = rendered.decode()
    return readable(text) if text.startswith("<!doctype") else text


def test_what_was_planted_was_recorded(recorded):
    run, shown, _ = recorded
    spans = unpack(run.trace).spans
    assert {span.attrs.get("library") for span in spans} >= {"sqlite3", "sqlalchemy", "aiohttp", "requests"}
    assert "SELECT id FROM users WHERE name = ?" in {span.name for span in spans}
    assert {"IntegrityError", "OperationalError", "ValueError"} <= {span.error for span in spans}
    assert {"PK101", "PK102", "PK103", "PK105"} <= {finding.rule for finding in run.findings}
    assert "\nFindings\nPK1" in shown


def test_the_search_finds_what_is_there():
    assert SECRET.findall("a zX1 b") == ["a zX1 b"]
    assert len(set(re.findall(r"Zx\d+", PROGRAM.read_text(), re.IGNORECASE))) >= 36


def test_nothing_is_in_the_trace_itself(recorded):
    assert SECRET.findall(json.dumps(plain(unpack(recorded[0].trace)))) == []


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_in_any_format(recorded, form):
    text = words_of(render(recorded[0], form))
    assert len(text) > (1_000 if form != "png" else 20)
    assert SECRET.findall(text) == []


def test_nothing_is_in_what_perfkit_wrote_by_itself(recorded):
    _, shown, page = recorded
    assert SECRET.findall(shown) == []
    assert SECRET.findall(readable(page)) == []


def test_nothing_is_in_the_index_of_runs(recorded, tmp_path):
    write_run(recorded[0], tmp_path / "run.json")
    page = refresh(tmp_path).read_text()
    assert "program.py" in page
    assert SECRET.findall(page + (tmp_path / CACHE).read_text()) == []


STRATEGIES = """
import perfkit
from perfkit.worlds.database import Dataset, Sqlite, Table


def load(size, seed):
    return Dataset([Table("orders", {"id": "bigint PRIMARY KEY"}, lambda: [(n,) for n in range(size)])])


shop = perfkit.Scenario("shop", sizes=(3,), unit="items", world=Sqlite(load, rtt_ms=5.0, title="database"))
MESSAGES = {
    "webhook": "401, url='https://portal.test/rest/1/zx41hook9f8e7d/crm.lead.list?auth=Zx42'",
    "dsn": "cannot connect: postgresql+psycopg://admin:Zx43@db/shop?application_name=Zx44",
    "header": "refused: {'Authorization': 'Bearer Zx45', 'X-Api-Key': 'Zx46', 'Cookie': 'sid=Zx47'}",
    "parameter": "no such user: GET api.test/users?api_key=Zx48&token=Zx49",
    "statement": "IntegrityError\\n[SQL: INSERT INTO users VALUES ('Zx50')]\\n[parameters: ('Zx51',)]",
    "column": "duplicate key: Key (api_token)=(Zx52) already exists.",
}


def failing(message):
    async def strategy(world, size):
        raise ValueError(message)

    return strategy


@shop.strategy(baseline=True)
async def right(world, size):
    return size


for name, message in MESSAGES.items():
    strategy = failing(message)
    strategy.__name__ = strategy.__qualname__ = name
    shop.strategy(strategy)
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A bench whose strategies fail with secrets in their messages, as the clients' own exceptions have."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "pyproject.toml").write_text("[tool.perfkit]\n")
    (folder / "shop.py").write_text(STRATEGIES)
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "bench", "shop.py", "-o", "run.json", "--github"],
        cwd=folder,
        env={**os.environ, "SERVICE_TOKEN": "Zx53", "GITHUB_STEP_SUMMARY": str(folder / "summary.md")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1, done.stderr
    return folder, done.stdout + done.stderr


@pytest.mark.parametrize("form", FORMATS)
def test_no_message_of_an_exception_tells_one(failed, form):
    run = read_run(failed[0] / "run.json")
    (scenario,) = run.scenarios
    assert sum(cell.status == "failed" for cell in scenario.cells) == 6
    assert SECRET.findall(words_of(render(run, form))) == []


def test_none_is_in_the_summary_the_pictures_and_the_index(failed):
    folder, shown = failed
    assert SECRET.findall(shown) == []
    assert "::error title=perfkit::shop: webhook" in shown
    assert "perfkit: FAIL" in (folder / "summary.md").read_text()
    refresh(folder)
    written = [path for path in folder.rglob("*") if path.is_file() and path.name != "shop.py"]
    written = [path for path in written if "__pycache__" not in path.parts]
    assert {path.suffix for path in written} >= {".json", ".html", ".svg", ".png", ".md"}
    for path in written:
        assert SECRET.findall(words_of(path.read_bytes())) == [], path.name
