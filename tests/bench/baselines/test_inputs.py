"""What peaks of memory are measured under."""

import importlib.metadata
from types import SimpleNamespace

from perfkit.bench.baselines import inputs


def under(monkeypatch, *installed):
    """``peaks_of`` where these are installed: name, version, and whether from a folder."""
    found = [
        SimpleNamespace(name=name, version=version, read_text=lambda _, url=url: url)
        for name, version, url in installed
    ]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: found)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.20.0")
    return inputs.peaks_of()


AIOHTTP = ("aiohttp", "3.14.5", None)


def test_another_version_of_a_package_is_another_place_to_measure(monkeypatch):
    assert under(monkeypatch, AIOHTTP) != under(monkeypatch, ("aiohttp", "3.14.6", None))
    assert under(monkeypatch, AIOHTTP) != under(monkeypatch, AIOHTTP, ("django", "5.2", None))


def test_the_project_itself_and_pip_are_not(monkeypatch):
    project, pip = ("shop", "1.0", '{"url": "file:///shop"}'), ("pip", "26.0", None)
    assert under(monkeypatch, AIOHTTP) == under(monkeypatch, project, AIOHTTP, pip)
