import gc

import pytest

import perfkit

pytest_plugins = ["pytester"]  # for the plugin's own tests


@pytest.fixture(autouse=True, scope="module")
def _a_small_heap():
    """What earlier modules keep is not looked through again at each collection: that took a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _unwatched_afterwards():
    """What one test's recording watches must not show up in another's."""
    yield
    perfkit.uninstrument()
