"""The public surface, and what importing it costs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import perfkit
from perfkit import errors

ROOT = Path(perfkit.__file__).parent
LAYERS = [
    *("errors", "children", "config", "model", "fingerprints", "tracing", "profiling", "probes", "stats"),
    *("rules", "recording", "constant", "testing", "ingest"),
    *("sim", "worlds", "bench", "export", "report", "launcher", "pytest_plugin", "cli"),
]


def test_the_public_names_are_sorted_there_and_few():
    assert perfkit.__all__ == sorted(perfkit.__all__)
    assert len(perfkit.__all__) <= 25
    for name in perfkit.__all__:
        assert getattr(perfkit, name).__doc__ or name == "__version__"


def modules_after(code):
    script = f"import sys\n{code}\nfound = sorted(sys.modules)\nimport json\nprint(json.dumps(found))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(answer.stdout.splitlines()[-1])}


def test_import_needs_msgspec_only():
    base = modules_after("pass")
    brought = modules_after("import perfkit") - base
    third_party = {name for name in brought if name not in sys.stdlib_module_names}
    # msgspec takes the last if it is there
    assert third_party <= {"perfkit", "msgspec", "typing_extensions"}
    assert not brought & {"asyncio", "dataclasses", "email", "hashlib", "subprocess", "zipfile"}


def test_help_imports_nothing_heavy():
    brought = modules_after(
        "from perfkit.cli.entry import run; import io, contextlib\n"
        "with contextlib.redirect_stdout(io.StringIO()): run(['--help'])"
    )
    assert "click" in brought
    assert not brought & {"locust", "matplotlib", "aiohttp", "jinja2", "rich", "gevent", "memray", "numpy"}


def imported_rooms(path):
    found = re.findall(r"^\s*(?:from|import) perfkit(?:\.(\w+))?", path.read_text(), re.MULTILINE)
    return {room for room in found if room}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_rooms_below_it(path):
    parts = path.relative_to(ROOT).parts
    room = parts[0].removesuffix(".py")
    if room in ("__init__", "__main__"):
        return
    below = LAYERS[: LAYERS.index(room) + 1]
    assert imported_rooms(path) <= set(below)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_below_cli_prints_or_exits(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] in ("cli", "__main__.py") or "site" in parts:  # site: programs of their own
        return
    assert not re.search(
        r"\bprint\(|sys\.exit\(|os\._exit\(", re.sub(r"console\.print\(", "", path.read_text())
    )


def test_the_tree_of_errors_is_drawn():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__)
    defined = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.PerfkitError) and name != "PerfkitError"
    ]
    assert sorted(drawn) == sorted(defined)
