"""What fast_bitrix24 does when the portal refuses, in virtual time: its known defects, exactly.

docs/bitrix24-clients.md tells them. The refusals of the other clients are with their own tests.
"""

import asyncio
import warnings

import aiohttp
import pytest

from perfkit.bench.strategies import bounded_gather
from perfkit.sim import Network
from perfkit.sim import run as simulate
from perfkit.worlds import Bitrix24
from perfkit.worlds.bitrix24 import world as world_module
from tests.worlds.bitrix24.clients.support import FREE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    fast_bitrix24 = pytest.importorskip("fast_bitrix24")
    from fast_bitrix24.server_response import ErrorInServerResponseException

SECOND = 10**9
RTT_S = 0.04
EVERYONE = {"cloud": True, "workers": None, "leads": 3400}
"""Leads enough for a hundred batches."""


class Outcome:
    """How a job of the client ended: ``error`` or ``answer``, when, and what the portal saw of it."""

    def __init__(self, desk):
        self.desk, self.answer, self.error = desk, None, None

    async def of(self, job):
        try:
            self.answer = await job
        except Exception as error:  # whatever it is that the client ends with
            self.error = error
        self.elapsed_s = asyncio.get_running_loop().time()
        await asyncio.sleep(3600)  # tasks that the client has left behind go on
        return self

    def statuses(self, *, commands=False):
        return [row.status for row in self.desk.portal.journal if bool(row.command) is commands]


def run(job, settings=None, **options):
    """What comes of ``job(bitrix)`` against the cloud, in virtual time."""
    network, desks, real = Network(), [], world_module.Desk

    def desk(*arguments, **options):
        desks.append(real(*arguments, **options))
        return desks[0]

    async def main():
        # the client leaves tasks behind whose errors nobody looks at
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        portal = Bitrix24(rtt_ms=RTT_S * 1000, **{**FREE, **EVERYONE, **options})
        async with portal.start(1, 1, network) as running:
            bitrix = fast_bitrix24.BitrixAsync(running.addresses[""], verbose=False, **(settings or {}))
            return await Outcome(desks[0]).of(job(bitrix))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world_module, "Desk", desk)
        return simulate(main, network=network)


def batches(number):
    """Leads for that many batches."""
    return range(1, 50 * number + 1)


# the rate limit


@pytest.mark.parametrize(("number", "refused", "elapsed_s"), [(50, 0, 1.08), (52, 0, 2.62), (60, 8, 8.78)])
def test_some_more_batches_than_the_burst_are_got_by_trying_again(number, refused, elapsed_s):
    done = run(lambda bitrix: bitrix.get_by_ID("crm.lead.get", batches(number)), base_ns=SECOND)
    assert (done.error, len(done.answer)) == (None, 50 * number)
    assert done.statuses().count(503) == refused
    assert done.elapsed_s == pytest.approx(elapsed_s)


def test_a_hundred_batches_end_the_job():
    done = run(lambda bitrix: bitrix.get_by_ID("crm.lead.get", batches(100)), base_ns=SECOND)
    assert isinstance(done.error, RuntimeError)
    assert str(done.error) == "All attempts to get data from server exhausted"
    assert done.statuses().count(200) == 52
    assert done.statuses().count(503) >= 48
    assert done.elapsed_s == pytest.approx(1.62)


@pytest.mark.parametrize(("at_once", "elapsed_s"), [(1, 104.04), (2, 52.54)])
def test_slow_gets_a_hundred_batches_through(at_once, elapsed_s):
    async def job(bitrix):
        with bitrix.slow(at_once):
            return await bitrix.get_by_ID("crm.lead.get", batches(100))

    done = run(job, base_ns=SECOND)
    assert len(done.answer) == 5000
    assert set(done.statuses()) == {200}
    assert done.elapsed_s == pytest.approx(elapsed_s)
    assert done.desk.workers.peak_busy == at_once


def one_by_one(at_once, number):
    """Direct calls, so many at a time; the first error stops the rest."""

    async def job(bitrix):
        async def one(lead):
            return await bitrix.call("crm.lead.get", {"ID": lead}, raw=True)

        return await bounded_gather(one, range(1, number + 1), limit=at_once)

    return job


@pytest.mark.parametrize(("at_once", "fine", "refused"), [(1, 200, 0), (5, 200, 299), (10, 50, 11)])
def test_direct_calls_keep_to_the_limit_only_one_by_one(at_once, fine, refused):
    done = run(one_by_one(at_once, 200), command_ns=30_000_000)
    assert (type(done.error) is RuntimeError) is (fine < 200)
    assert (done.statuses().count(200), done.statuses().count(503)) == (fine, refused)


def test_pages_are_fetched_eleven_batches_at_once():
    with pytest.warns(DeprecationWarning, match="list_and_get"):
        done = run(lambda bitrix: bitrix.list_and_get("crm.lead"), leads=349, base_ns=SECOND)
    assert len(done.answer) == 523
    assert done.statuses() == [200] * 13
    assert done.desk.workers.peak_busy == 11


# the operating limit


def test_thirty_seconds_of_work_are_taken_for_480():
    """It adds up totals: 6 + 7 + ... + 31 s is 481, so the next waits until ten minutes after the sixth."""
    calls = {"command_ns": SECOND, "request_cap_s": None}
    before, after = run(one_by_one(1, 31), **calls), run(one_by_one(1, 32), **calls)
    assert before.elapsed_s == pytest.approx(31 * 1.08)
    assert after.elapsed_s == pytest.approx(6 * 1.08 + 600 + 1.08)
    assert set(after.statuses()) == {200}


def test_a_blocked_method_is_not_asked_again():
    done = run(one_by_one(1, 8), command_ns=SECOND, operating_limit_s=5.0)
    assert isinstance(done.error, aiohttp.ClientResponseError)
    assert done.error.status == 429
    assert done.statuses() == [200] * 6 + [429]


def test_batches_are_never_held_back_and_end_with_the_first_blocked_command():
    done = run(
        lambda bitrix: bitrix.get_by_ID("crm.lead.get", range(1, 151)),
        {"request_pool_size": 50},
        command_ns=SECOND // 5,
        operating_limit_s=15.0,
    )
    assert isinstance(done.error, ErrorInServerResponseException)
    assert {error["error"] for error in done.error.args[0].values()} == {"OPERATION_TIME_LIMIT"}
    assert done.statuses() == [200] * 3


def test_without_its_politeness_it_trips_over_the_portal_s_time():
    done = run(one_by_one(1, 1), {"respect_velocity_policy": False}, command_ns=SECOND)
    assert (type(done.error), done.error.args) == (KeyError, ("crm.lead.get",))
    own = run(one_by_one(1, 1), {"respect_velocity_policy": False}, cloud=False)
    assert own.answer[0]["result"]["ID"] == "1"
