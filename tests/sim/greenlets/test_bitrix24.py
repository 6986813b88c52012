import pytest

from tests.sim.greenlets.support import answer

pytestmark = pytest.mark.once


RTT = 100_000_000
IDS = [str(i) for i in range(1, 21)]


@pytest.fixture(scope="module")
def seen():
    # its own import of a module of the standard library that is to go is its own affair
    return answer("bitrix24", warnings="default")


def test_each_call_opens_a_connection_with_tls(seen):
    serial = seen["serial"]
    assert serial["answer"] == IDS
    assert serial["took"] == 20 * 3 * RTT + serial["cost"]


def test_a_batch_is_one_such_call(seen):
    batch = seen["batch"]
    assert batch["answer"] == IDS
    assert batch["took"] == 3 * RTT + batch["cost"]


def test_five_threads_take_a_fifth(seen):
    threads = seen["threads"]
    assert threads["answer"] == IDS
    assert 5 * threads["took"] == 20 * 3 * RTT + threads["cost"]


def test_the_rules_see_the_loop_and_the_connections(seen):
    assert seen["findings"] == [["PK102", 20], ["PK401", 20]]
