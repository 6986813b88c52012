import gc
import sys

import pytest

from perfkit.errors import MissingExtraError, UsageError
from perfkit.profiling import count_peak
from perfkit.profiling.peak import is_held_for


def hold(count):
    held = [bytes(10_000) for _ in range(count)]
    return len(held)


def one_by_one(count):
    for _ in range(count):
        bytes(10_000)


def peak_of(function, *arguments):
    function(*arguments)  # what Python keeps of the first call is not the block's
    with count_peak() as peak:
        function(*arguments)
    return peak.peak_bytes


def test_what_is_held_at_once_counts():
    assert 100 * 10_000 < peak_of(hold, 100) < 101 * 10_100
    assert 10_000 < peak_of(one_by_one, 100) < 12_000


def test_one_block_more_is_seen():
    more = peak_of(hold, 101) - peak_of(hold, 100)
    assert 10_033 <= more < 10_200


def test_an_error_passes_and_the_peak_is_known():
    gc.enable()

    def fails():
        raise ValueError("no", hold(3))

    with pytest.raises(ValueError, match="no"), count_peak() as peak:
        fails()
    assert peak.peak_bytes > 30_000
    assert gc.isenabled()


def test_it_does_not_nest():
    with count_peak(), pytest.raises(UsageError, match="at work here already"), count_peak():
        pass


def test_without_memray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "memray", None)
    with pytest.raises(MissingExtraError, match=r"perfkit\[memory\]"), count_peak():
        pass


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        (["app.py"], True),
        ([gc.__name__, "app.py"], False),
        ([pytest.__file__, "app.py"], False),
        ([subprocess_file := __import__("subprocess").__file__, "app.py"], True),
        ([subprocess_file], False),
        ([__import__("_weakrefset").__file__, "app.py"], False),
        (["<frozen importlib._bootstrap>", "app.py"], False),
        ([], False),
    ],
)
def test_whose_allocation_it_is(files, counts):
    assert is_held_for(files, {"app.py"}.__contains__) is counts
