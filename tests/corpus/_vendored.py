"""A helper that lies in a folder named site-packages, as an installed one does: not the application."""

import atexit
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

_SOURCE = '''
def fetch_one(conn, statement, values):
    """The first row, or None."""
    cursor = conn.execute(statement, values)
    return cursor.fetchone()


def one_by_one(conn, statement, keys):
    """The first row of each key."""
    return [fetch_one(conn, statement, (key,)) for key in keys]


def execute_values(conn, statement, rows):
    """Store all rows with one call of the driver."""
    conn.executemany(statement, rows)
'''


def load():
    """The helper as a module."""
    if "dbkit" not in sys.modules:
        folder = tempfile.mkdtemp(prefix="corpus-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = Path(folder, "site-packages", "dbkit.py")
        path.parent.mkdir()
        path.write_text(_SOURCE, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("dbkit", path)
        sys.modules["dbkit"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["dbkit"])
    return sys.modules["dbkit"]
