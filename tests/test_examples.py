"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import perfkit

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(perfkit.__path__, "perfkit.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = sum(
        len(test.examples) for name in MODULES for test in finder.find(importlib.import_module(name))
    )
    assert examples > 50
