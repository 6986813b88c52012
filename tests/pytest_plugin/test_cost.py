"""A project without perf tests pays next to nothing."""

import pytest

from tests.pytest_plugin.projects import CONFTEST, SHOP

REPORTING = """
import sys, warnings

def pytest_unconfigure():
    ours = sorted(name for name in sys.modules if name.startswith(("perfkit.pytest_plugin", "perfkit.rules")))
    probes = [name for name in sys.modules if name.startswith("perfkit.probes.sqlite")]
    print("brought:", ours, probes, type(sys.modules["sqlite3"].connect).__name__)
"""


@pytest.mark.once
def test_nothing_is_brought_in_nor_watched(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(shop=SHOP, conftest=CONFTEST + REPORTING, test_app="def test_one(db): pass")
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-s", "-W", "error::pytest.PytestWarning"
    )
    result.assert_outcomes(passed=1)
    assert "brought: ['perfkit.pytest_plugin'] [] builtin_function_or_method" in result.outlines
    result.stdout.no_fnmatch_line("*= perfkit =*")


def test_it_can_be_switched_off(pytester):
    pytester.makepyfile("def test_one(): pass")
    arguments = ("-p", "no:cacheprovider", "-p", "no:perfkit.pytest_plugin")
    assert pytester.runpytest_inprocess(*arguments).ret == 0
    assert pytester.runpytest_inprocess(*arguments, "--perfkit-strict").ret == pytest.ExitCode.USAGE_ERROR
