"""The repository of the gate's experiment: a pytest-benchmark suite of three, and a branch for each change.

``main`` does 40 units of work in each benchmark. On the other branches the module also carries code that
nobody calls, as any change does that touches more than one function; on ``slow5`` and its like it does one
or more units more. The slowdown is thus real work, and the same share of every workload.
"""

import subprocess
from pathlib import Path

UNITS = {"main": 40, "neutral": 40, "slow2.5": 41, "slow5": 42, "slow10": 44}
"""Branch, and the units of work its benchmarks do: 5 % more of 40 is 42."""

BENCHMARKS = ("cpu", "aio", "sql")

PROJECT = """\
[project]
name = "worked"
version = "1"

[tool.pytest.ini_options]
pythonpath = ["."]
addopts = "-p no:cacheprovider"
"""

IGNORED = "__pycache__/\n*.pyc\n.benchmarks/\n"

WORK = """\
import asyncio
import sqlite3

UNITS = {units}


def cpu():
    total = 0
    for unit in range(UNITS):
        total += sum([(number * unit) % 7 for number in range(150)])
    return total


async def echo(reader, writer):
    while asked := await reader.read(64):
        writer.write(asked)
    writer.close()


async def aio(reader, writer):
    for _ in range(UNITS):
        writer.write(b"ping")
        await reader.read(64)


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE act (id INTEGER PRIMARY KEY, lead INTEGER, name TEXT)")
    rows = [(number, number % 180, f"act {{number}}") for number in range(2000)]
    connection.executemany("INSERT INTO act VALUES (?, ?, ?)", rows)
    connection.execute("CREATE INDEX by_lead ON act (lead)")
    return connection


def sql(connection):
    for unit in range(UNITS):
        connection.execute("SELECT id, name FROM act WHERE lead = ?", (unit * 4,)).fetchall()
"""

SUITE = """\
import asyncio

import pytest

import work


def test_cpu(benchmark):
    benchmark(work.cpu)


@pytest.fixture(scope="module")
def connected():
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(work.echo, "127.0.0.1", 0))
    address = server.sockets[0].getsockname()
    reader, writer = loop.run_until_complete(asyncio.open_connection(*address))
    yield loop, reader, writer
    writer.close()
    server.close()
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()


def test_aio(benchmark, connected):
    loop, reader, writer = connected
    benchmark(lambda: loop.run_until_complete(work.aio(reader, writer)))


def test_sql(benchmark):
    benchmark(work.sql, work.database())
"""


def padding():
    """Code that nobody calls: 150 functions and a table of 500 entries."""
    functions = [
        f"def unused_{n}(value, other={n}):\n    return [value + other, {{'key': value}}, str({n})]\n\n"
        for n in range(150)
    ]
    table = ",\n".join(f"    'entry {n}': ({n}, 'value {n}')" for n in range(500))
    return "\n".join(functions) + f"\n\nUNUSED = {{\n{table}\n}}\n\n\n"


def source(branch):
    """The module ``work`` as it is on ``branch``."""
    text = WORK.format(units=UNITS[branch])
    head, _, tail = text.partition("\n\n\ndef cpu")
    return text if branch == "main" else f"{head}\n\n\n{padding()}def cpu{tail}"


def git(folder, *arguments):
    """Run git in ``folder`` as an author of its own, whatever the user has configured."""
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def build(folder: Path):
    """Make the repository in ``folder``, and beside it a clone for each branch."""
    repository = folder / "repository"
    if repository.exists():
        return
    (repository / "benchmarks").mkdir(parents=True)
    git(repository, "init", "--quiet", "--initial-branch=main")
    files = {"pyproject.toml": PROJECT, ".gitignore": IGNORED, "benchmarks/test_work.py": SUITE}
    for name, text in {**files, "work.py": source("main")}.items():
        (repository / name).write_text(text, encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message=Three workloads")
    for branch in UNITS:
        if branch != "main":
            git(repository, "checkout", "--quiet", "-b", branch, "main")
            (repository / "work.py").write_text(source(branch), encoding="utf-8")
            git(repository, "commit", "--quiet", "--all", f"--message={branch}")
        git(repository, "clone", "--quiet", "--branch", branch, str(repository), str(folder / branch))
