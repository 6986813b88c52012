"""Reading the marker, and what of it a recording breaks, on recordings made by hand."""

import pytest
from hypothesis import given, strategies

from perfkit.errors import UnknownNameError, UsageError
from perfkit.model import Change, Finding, Frame, Span, Trace
from perfkit.pytest_plugin.budgets import Budget, broken, bytes_of, read

SITE = Frame("app/views.py", 41, "page")


def trace(*names, kind="query", dropped=0, **attrs):
    spans = [
        Span(number, None, kind, name, number, number + 1, site=SITE, attrs=attrs)
        for number, name in enumerate(names, 1)
    ]
    return Trace("wall", 0, 100, spans, dropped=dropped)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, 0),
        (7, 7),
        ("7", 7),
        ("20 MB", 20_000_000),
        ("20MB", 20_000_000),
        ("1 KiB", 1024),
        ("2gib", 2 << 30),
    ],
)
def test_sizes(size, expected):
    assert bytes_of(size) == expected


@given(strategies.integers(0, 10**6), strategies.sampled_from([("kB", 10**3), ("MiB", 2**20), ("GB", 10**9)]))
def test_sizes_with_units(number, unit):
    assert bytes_of(f"{number} {unit[0]}") == number * unit[1]


@pytest.mark.parametrize("size", [-1, 1.5, True, None, "", "MB", "-1 MB", "1 TB", "1,5 MB", "1 ki b"])
def test_sizes_that_are_none(size):
    with pytest.raises(UsageError, match="max_memory="):
        bytes_of(size)


@pytest.mark.parametrize("value", [-1, 1.0, "1", True])
def test_counts_are_whole_numbers(value):
    with pytest.raises(UsageError, match="max_connects="):
        read({"max_connects": value})


@pytest.mark.parametrize("value", [1, ["PK101", 2], {"PK101": 1}])
def test_names_are_names(value):
    with pytest.raises(UsageError, match="no="):
        read({"no": value})


def test_what_can_be_said():
    budget = read({"max_queries": 0, "max_requests": None, "no": "PK101", "probes": ("sqlite3",)})
    assert budget == Budget({"max_queries": 0}, None, ("PK101",), ("sqlite3",))
    with pytest.raises(UnknownNameError, match="Did you mean 'max_queries'"):
        read({"max_query": 1})


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ("max_queries", "query"),
        ("max_requests", "request"),
        ("max_connects", "connect"),
        ("max_transactions", "transaction"),
    ],
)
def test_each_limit_counts_its_kind(limit, kind):
    budget = read({limit: 2})
    assert broken(budget, trace("a", "b", kind=kind), []) == []
    assert broken(budget, trace("a", "b", "c", kind="other"), []) == []
    (found,) = broken(budget, trace("a", "b", "b", kind=kind), [])
    assert (found.change, found.metric, found.before, found.after) == (Change.WORSE, kind, 2, 3)
    assert (found.template, found.site) == ("b", SITE)
    assert found.says.splitlines()[1:] == [
        "  2 x b at app/views.py:41 in page",
        "  1 x a at app/views.py:41 in page",
    ]


def test_many_templates_are_not_all_named():
    (found,) = broken(read({"max_queries": 0}), trace(*"abcdefg"), [])
    assert found.says.splitlines()[0] == "7 queries, max_queries=0"
    assert found.says.splitlines()[-1] == "  and 2 others"


def test_only_the_rules_that_are_named_are_forbidden():
    findings = [Finding(rule, "name", "t", 3, 0, SITE, fix="do it") for rule in ("PK101", "PK102")]
    (found,) = broken(read({"no": ["PK102"]}), trace("t"), findings)
    assert found.says == "PK102 name at app/views.py:41 in page: 3 x t\n  do it"


def test_memory():
    budget = read({"max_memory": 1000})
    assert broken(budget, trace(), [], 1000) == []
    (found,) = broken(budget, trace(), [], 1001)
    assert found.says == "1,001 bytes at the peak, max_memory=1,000"


def test_what_was_not_counted_is_no_pass():
    (found,) = broken(read({"max_queries": 9}), trace("a", dropped=3), [])
    assert found.says.startswith("3 spans were dropped")
    assert broken(Budget(), trace("a", dropped=3), []) == []
    budget = read({"probes": ["sqlite3", "aiohttp"]})
    (unseen,) = broken(budget, trace("a", library="sqlite3"), [])
    assert (unseen.change, unseen.metric) == (Change.UNSEEN, "aiohttp")
