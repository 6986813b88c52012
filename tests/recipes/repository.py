"""A project as a team has it, in git: a page with its scenario and benchmark, and three branches.

``regressing`` asks once more in a loop; ``harmless`` adds code that nobody calls and moves lines.
"""

import os
import subprocess
import sys
from pathlib import Path

PAGE = """\
def names_of(connection):
    return dict(connection.execute("SELECT id, name FROM customers").fetchall())


def page(connection):
    names = names_of(connection)
    lines = []
    for order, customer in connection.execute("SELECT id, customer FROM orders").fetchall():
        lines.append((order, names[customer]))
    return lines
"""
LOOPING = PAGE.replace(
    "        lines.append((order, names[customer]))\n",
    '        asked = connection.execute("SELECT name FROM customers WHERE id = ?", (customer,))\n'
    "        lines.append((order, asked.fetchone()[0]))\n",
)
EXTRA_LINE = (
    LOOPING.splitlines().index(
        '        asked = connection.execute("SELECT name FROM customers WHERE id = ?", (customer,))'
    )
    + 1
)
"""The line of the query that the gate must name."""

HARMLESS = (
    f'def nobody_calls_this(order):\n    """A comment, and more lines."""\n    return order + 1\n\n\n{PAGE}'
)

SCENARIO = """\
from orders import page

import perfkit
from perfkit.worlds.database import Dataset, Sqlite, Table


def load(size, seed):
    orders = Table("orders", {"id": "bigint PRIMARY KEY", "customer": "bigint"}, lambda: rows(size))
    names = [(number, f"customer {number}") for number in range(4)]
    return Dataset([orders, Table("customers", {"id": "bigint PRIMARY KEY", "name": "text"}, lambda: names)])


def rows(size):
    return [(number, number % 4) for number in range(size)]


shop = perfkit.Scenario("shop", sizes=(4, 16), world=Sqlite(load, rtt_ms=2))


@shop.strategy(baseline=True)
def serve(world, size):
    connection = world.connect()
    try:
        return page(connection)
    finally:
        connection.close()
"""

SUITE = """\
import sqlite3

from orders import page


def test_page(benchmark):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER)")
    connection.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO orders VALUES (?, ?)", [(n, n % 4) for n in range(50)])
    connection.executemany("INSERT INTO customers VALUES (?, ?)", [(n, str(n)) for n in range(4)])
    benchmark(page, connection)
"""

PROJECT = (
    '[project]\nname = "shop"\nversion = "1"\n\n[tool.pytest.ini_options]\naddopts = "-p no:cacheprovider"\n'
)

FILES = {
    "pyproject.toml": PROJECT,
    ".gitignore": "__pycache__/\nreports/\ngate/\n.benchmarks/\n",
    "orders.py": PAGE,
    "scenarios/shop.py": SCENARIO,
    "benchmarks/test_page.py": SUITE,
}
BRANCHES = {"regressing": LOOPING, "harmless": HARMLESS}


def git(folder, *arguments):
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def build(folder):
    """The repository, with a baseline recorded on ``main``; ``unrecorded`` is ``main`` without it."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=unrecorded")
    write(folder, FILES)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=A page, its scenario and its benchmark")
    git(folder, "checkout", "--quiet", "-b", "main")
    perfkit(folder, "gate", "--update", "shop")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Baseline")
    for branch, page in BRANCHES.items():
        git(folder, "checkout", "--quiet", "-b", branch, "main")
        write(folder, {"orders.py": page})
        git(folder, "commit", "--quiet", "--all", f"--message={branch}")
    return folder


def write(folder, files):
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def clone(repository, branch, folder, *options):
    """A clean clone of ``branch``, as a job of a CI has it: nothing but that branch and ``origin``."""
    git(repository.parent, "clone", "--quiet", "--branch", branch, *options, repository.as_uri(), str(folder))
    return folder


def environment(folder, **more):
    """What a job sees: the project can be imported, as after ``pip install -e .``."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "CI", "GH_"))}
    return {**kept, "PYTHONPATH": str(folder), **more}


def perfkit(folder, *arguments):
    command = [sys.executable, "-m", "perfkit", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def programs(folder):
    """A folder for PATH: perfkit of this interpreter, and pip and gh that only note what they are told."""
    folder.mkdir()
    scripts = {
        "perfkit": f'{PATIENT}exec "{sys.executable}" -m perfkit "$@"\n',
        "pip": f'echo "$*" >> "{folder}/pip.log"\n',
        "gh": f"""printf '%s\\n' "$*" >> "{folder}/gh.log"\n{GH}""",
    }
    for name, text in scripts.items():
        script = folder / name
        script.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        script.chmod(0o755)
    return folder


PATIENT = '[ "$2" != --base ] || { shift; set -- gate --budget 100 "$@"; }\n'
"""Five pairs are enough for what is this much slower; on a busy machine they take longer than the default."""

GH = """\
[ -z "$GH_FAILS" ] || exit 1
case "$*" in
    *--jq*) echo "$GH_COMMENT_ID" ;;
    *) cat comment.txt > "$0.sent" ;;
esac
"""
"""It finds the comment $GH_COMMENT_ID, and keeps what it is to send."""


def sent(programs):
    """The comment that was sent; "" where none was."""
    place = programs / "gh.sent"
    return place.read_text(encoding="utf-8") if place.exists() else ""


def asked(programs):
    """What gh was told, a line for each call."""
    place = Path(programs) / "gh.log"
    return place.read_text(encoding="utf-8").splitlines() if place.exists() else []
