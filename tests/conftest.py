import pytest

import perfkit


@pytest.fixture(autouse=True)
def _unwatched_afterwards():
    """What one test's recording watches must not show up in another's."""
    yield
    perfkit.uninstrument()
