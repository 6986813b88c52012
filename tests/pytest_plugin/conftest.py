import pytest


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch):
    """Inner sessions name those they need: to look all up takes a second each time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
