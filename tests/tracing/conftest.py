import itertools

import pytest

from perfkit.tracing import Clock, Recording


@pytest.fixture
def recording():
    """A recording whose clock ticks ten nanoseconds at each look."""
    return Recording(clock=Clock("virtual", itertools.count(0, 10).__next__))
