from importlib.util import find_spec

import pytest

from tests.sim.greenlets.support import answer

pytestmark = pytest.mark.skipif(find_spec("locust") is None, reason="locust is not installed")

# all ten begin in the same first moment; then a call of 40 ms and a pause of 1 s, for 100 s
ROUNDS = 1 + int((100 - 0.06 - 1) / 1.04) + 1


@pytest.mark.parametrize("user", ["Visitor", "FastVisitor"])
def test_a_plain_locustfile_runs_in_virtual_time(user):
    seen = answer("load", user, warnings="default")
    assert seen["requests"] == 10 * ROUNDS
    assert (seen["took"], seen["failures"], seen["longest"]) == (100, 0, 60)
    assert seen["mean"] == round((60 + 40 * (ROUNDS - 1)) / ROUNDS, 6)
