import sys
import types
import warnings

import pytest

import perfkit
from perfkit.probes import registry
from perfkit.probes.versions import UntestedVersionWarning, untested


@pytest.fixture
def library(monkeypatch):
    """A module of a version to be chosen."""
    module = types.ModuleType("made_up")

    def of(version, name="made_up"):
        if version is not None:
            module.__version__ = version
        monkeypatch.setitem(sys.modules, name, module)
        return name

    return of


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("2.0", True),
        ("2", True),
        ("2.0.0", True),
        ("2.1.3", True),
        ("2.1.3rc1", True),
        ("2.99.99.post1+local", True),
        ("3.0.0.dev0", False),
        ("3", False),
        ("1.9.9", False),
        ("10.0", False),
        ("", True),
        ("unknown", False),
        (None, True),
    ],
)
def test_from_the_first_up_to_not_including_the_second(library, version, fits):
    assert (untested("p", library(version), ("2.0", "3.0")) is None) == fits


def test_what_is_said(library):
    assert untested("p", library("3.1"), ("2.0", "3.0")) == (
        "the probe 'p' was tested with made_up 2.0 up to 3.0, and this is 3.1: spans may be missing or wrong"
    )


def test_a_version_that_is_no_text_is_none(library):
    assert untested("p", library((3, 1)), ("2.0", "3.0")) is None


def test_a_module_within_a_package_has_its_packages_version(library, monkeypatch):
    library("3.1")
    inner = types.ModuleType("made_up.inner")
    monkeypatch.setitem(sys.modules, "made_up.inner", inner)
    assert "this is 3.1" in untested("p", "made_up.inner", ("2.0", "3.0"))
    inner.__version__ = "2.5"
    assert untested("p", "made_up.inner", ("2.0", "3.0")) is None


def test_what_comes_with_python_has_its_version():
    now, then = f"{sys.version_info.major}.{sys.version_info.minor}", "4.0"
    assert untested("sqlite3", "sqlite3", (now, then)) is None
    assert f"this is {now}" in untested("sqlite3", "sqlite3", ("3.0", "3.1"))


@pytest.fixture
def old_probe(library, monkeypatch):
    """A probe for a library that is newer than it."""
    library("9.0", "made_up_library")
    probe = types.ModuleType("made_up_probe")
    probe.LIBRARY, probe.TESTED, probe.installed = "made_up_library", ("1.0", "2.0"), []
    probe.install = lambda: probe.installed.append(True)
    probe.remove = probe.installed.clear
    monkeypatch.setitem(sys.modules, "made_up_probe", probe)
    monkeypatch.setitem(registry.BUILT_IN, "made_up", "made_up_probe")
    registry._looked_at.pop("made_up", None)
    yield probe
    registry._looked_at.pop("made_up", None)


def test_an_untested_version_is_warned_of_once_and_stated_in_each_recording(old_probe):
    with pytest.warns(UntestedVersionWarning, match="tested with made_up_library 1.0 up to 2.0") as caught:
        perfkit.instrument("made_up")
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        perfkit.instrument("made_up")
        for _ in range(2):
            with perfkit.record(probes=("made_up",)) as rec:
                pass
            assert any("made_up_library 1.0 up to 2.0" in text for text in rec.trace.warnings)
    assert old_probe.installed


def test_where_warnings_are_errors_the_program_goes_on(old_probe):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        perfkit.instrument("made_up")
    assert old_probe.installed == [True]


def test_a_recording_without_the_probe_says_nothing_of_it(old_probe):
    with pytest.warns(UntestedVersionWarning):
        perfkit.instrument("made_up")
    with perfkit.record(probes=("sqlite3",)) as rec:
        pass
    assert not any("made_up" in text for text in rec.trace.warnings)
