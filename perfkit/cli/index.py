"""The index of stored runs, kept up to date by the verbs that store some."""

from __future__ import annotations

from pathlib import Path

from perfkit import config
from perfkit.cli.show import notes
from perfkit.errors import MissingExtraError, PerfkitError

BUDGET_S = 2.0
"""What a verb may spend on runs that the index does not know yet; the rest is read the next time."""


def refresh_after(stored: Path, folder: Path) -> None:
    """Bring the index of ``folder`` up to date, if ``stored`` lies there and the setting ``index`` is 1.

    What goes wrong is a warning: the run is stored. Without the packages that pages need there is no index.
    """
    from perfkit.report.index import refresh

    try:
        if stored.resolve().parent == folder.resolve() and config.load().integer("index"):
            refresh(folder, budget_s=BUDGET_S)
    except MissingExtraError:
        return
    except PerfkitError as error:
        notes().print(f"perfkit: the index of runs was not written: {error}", markup=False)
