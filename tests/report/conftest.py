"""Sentences and drawings are what no version of Python changes."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
EVERYWHERE = {f"test_{name}.py" for name in ("all", "html", "page", "report", "rooms", "spans")}
"""What is packed, escaped and compared: these run on every interpreter."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE) and item.path.name not in EVERYWHERE:
            item.add_marker(pytest.mark.once)
