"""Finding scenarios: the files of a folder, or a file that is named."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.bench.scenario import Scenario
from perfkit.errors import PerfkitError, ScenarioError, UnknownNameError


@dataclass
class Found:
    """Scenarios by name, and why some files gave none."""

    scenarios: dict[str, Scenario] = field(default_factory=dict)
    errors: list[PerfkitError] = field(default_factory=list)


def load_file(path: Path) -> list[Scenario]:
    """The scenarios defined in a Python file. Raises ScenarioError when it cannot be imported or has none.

    The file's folder is put on ``sys.path``, as Python does for a script: it can import its neighbours.
    """
    path = path.resolve()
    if not path.is_file():
        raise ScenarioError(f"there is no scenario file {path}")
    module_name = f"perfkit_scenario_{path.stem}_{zlib.crc32(str(path).encode()):08x}"  # one per file
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ScenarioError(f"{path} is not a Python file; a scenario file ends in .py")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what it prints must not end up among results
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(module_name, None)
        raise ScenarioError(f"{path}{_line(error, path)} raised on import: {_cause(error)}") from error
    scenarios = list({id(v): v for v in vars(module).values() if isinstance(v, Scenario)}.values())
    if not scenarios:
        raise ScenarioError(f"{path} defines no perfkit.Scenario")
    for scenario in scenarios:
        scenario.file = str(path)
    return scenarios


def find(names: Sequence[str], folder: Path) -> Found:
    """The named scenarios; all of ``folder`` without names. A name with a slash or ``.py`` is a file.

    A file that cannot be loaded does not keep the others from running: it is in ``errors``. Raises
    UnknownNameError for a name that is not there.
    """
    found = Found()
    files = [Path(name) for name in names if _is_file(name)]
    wanted = [name for name in names if not _is_file(name)]
    for file in files:
        _load_into(found, file)
    if wanted or not names:
        _find_in(found, wanted, folder)
    return found


def _is_file(name: str) -> bool:
    return name.endswith(".py") or "/" in name or "\\" in name


def _find_in(found: Found, wanted: list[str], folder: Path) -> None:
    if not folder.is_dir():
        raise ScenarioError(
            f"there is no scenario folder {folder}; name a file (perfkit bench path/to/scenario.py) "
            "or set [tool.perfkit] scenarios"
        )
    known = Found()
    for file in sorted(folder.glob("*.py")):
        if not file.name.startswith("_"):
            _load_into(known, file)
    missing = [name for name in wanted if name not in known.scenarios]
    if missing and known.errors:
        raise known.errors[0]
    if missing:
        raise UnknownNameError("scenario", missing[0], known.scenarios)
    found.scenarios.update({n: s for n, s in known.scenarios.items() if not wanted or n in wanted})
    if not wanted:
        found.errors += known.errors


def _load_into(found: Found, file: Path) -> None:
    try:
        scenarios = load_file(file)
    except ScenarioError as error:
        found.errors.append(error)
        return
    for scenario in scenarios:
        if scenario.name in found.scenarios:
            found.errors.append(
                ScenarioError(f"{file}: a scenario named {scenario.name!r} is defined already; rename one")
            )
        else:
            found.scenarios[scenario.name] = scenario


def _line(error: BaseException, path: Path) -> str:
    """The line of the scenario file that raised, as ``:12``."""
    trace, line = error.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line = f":{error.lineno}"
    return line


def _cause(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
