"""The index of the runs stored in one folder: ``index.html``, and how runs are named on the command line.

``refresh(folder)`` writes it and reads only what is new; what runs say of themselves is kept in a cache file
that may be deleted at any time.
"""

from perfkit.report.index.choice import PREVIOUS, find, latest, previous
from perfkit.report.index.pages import INDEX, against_name, refresh, render_index
from perfkit.report.index.shelf import CACHE, Shelf, read_shelf

__all__ = [
    "CACHE",
    "INDEX",
    "PREVIOUS",
    "Shelf",
    "against_name",
    "find",
    "latest",
    "previous",
    "read_shelf",
    "refresh",
    "render_index",
]
