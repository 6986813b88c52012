"""Benchmarks that are functions of one module: ``{"module": "work", "functions": ["parse", "fetch"]}``."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from .session import Session


def run(session: Session, options: dict[str, Any]) -> None:
    """Measure each of the functions that this side's module has; coroutine functions too."""
    module = importlib.import_module(options["module"])
    for name in session.offer([name for name in options["functions"] if hasattr(module, name)]):
        with contextlib.suppress(Exception):  # reported by the session
            session.measure(name, session.loops_of(getattr(module, name)))
