"""What is said knows nothing of how it is drawn, printed or written: ``view`` stands below all others."""

import re
from pathlib import Path

import pytest

import perfkit.report

ROOT = Path(perfkit.report.__file__).parent
SHARED = {"axis", "document", "units"}
BELOW = {
    "view": set(),
    "drawing": {"view"},
    "terminal": {"view"},
    "index": {"view", "drawing"},
    "formats": {"view", "drawing", "terminal"},
}


def imported(path):
    """The parts of perfkit.report that a module imports when it is imported itself."""
    found = re.findall(r"^from perfkit\.report(?: import |\.)(\w+)", path.read_text(), re.MULTILINE)
    return set(found) - SHARED


@pytest.mark.parametrize("part", BELOW)
def test_a_part_of_the_report_imports_only_those_below_it(part):
    modules = sorted((ROOT / part).rglob("*.py"))
    assert len(modules) > 5
    for module in modules:
        assert imported(module) <= BELOW[part] | {part}, module.relative_to(ROOT)
