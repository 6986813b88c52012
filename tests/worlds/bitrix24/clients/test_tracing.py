"""perfkit's own rules over the clients: findings name the user's line, whichever library sends requests."""

import asyncio
import importlib.util
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import perfkit
from perfkit.worlds.bitrix24 import WEBHOOK_TOKEN
from tests.worlds.bitrix24.clients.support import served, write_ca

THIS = Path(__file__).read_text().splitlines()
LEADS = range(1, 13)


def found(recording):
    """The findings as (rule, the text of its line)."""
    return [(each.rule, THIS[each.site.line - 1].strip()) for each in recording.findings()]


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


needs = pytest.mark.skipif


@needs(importlib.util.find_spec("fast_bitrix24") is None, reason="no fast_bitrix24")
class TestFast:
    def record(self, job, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from fast_bitrix24 import BitrixAsync

        async def main(url):
            with perfkit.record() as recording:
                await job(BitrixAsync(url, verbose=False))
            return recording

        with served(**options) as server:
            return asyncio.run(main(server.url))

    def test_a_loop(self):
        async def job(bitrix):
            for lead in LEADS:
                await bitrix.call("crm.lead.get", {"ID": lead}, raw=True)

        recording = self.record(job)
        line = 'await bitrix.call("crm.lead.get", {"ID": lead}, raw=True)'
        assert sorted(found(recording)) == [("PK102", line), ("PK401", line)]
        assert (recording.counts["request"], recording.counts["connect"]) == (12, 12)

    def test_batches_are_no_loop(self):
        async def job(bitrix):
            return await bitrix.get_by_ID("crm.lead.get", range(1, 121))

        assert found(self.record(job)) == []

    def test_refusals(self):
        from tests.worlds.bitrix24.clients.test_limits import SECOND, run

        async def job(bitrix):
            with perfkit.record() as recording:
                await bitrix.get_by_ID("crm.lead.get", range(1, 3001))
            return recording

        done = run(job, base_ns=SECOND)
        assert found(done.answer) == [("PK402", 'await bitrix.get_by_ID("crm.lead.get", range(1, 3001))')]


@needs(importlib.util.find_spec("b24pysdk") is None, reason="no b24pysdk")
class TestSdk:
    @pytest.fixture
    def token(self, monkeypatch, tmp_path):
        from b24pysdk import BitrixWebhook

        with served(https=True) as server:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", write_ca(server.ca, tmp_path))
            yield BitrixWebhook(domain=server.domain, webhook_token=f"1/{WEBHOOK_TOKEN}")

    def test_a_loop(self, token):
        client = token.get_client()
        with perfkit.record() as recording:
            for lead in LEADS:
                client.crm.lead.get(bitrix_id=lead).call()
        line = "client.crm.lead.get(bitrix_id=lead).call()"
        assert sorted(found(recording)) == [("PK102", line), ("PK401", line)]

    def test_batches_are_no_loop_but_open_connections(self, token):
        with perfkit.record() as recording:
            token.call_batches({lead: ("crm.lead.get", {"ID": lead}) for lead in range(1, 121)})
        assert "PK102" not in dict(found(recording))

    def test_refusals(self, monkeypatch, tmp_path):
        from b24pysdk import BitrixWebhook
        from b24pysdk.errors import BitrixAPIQueryLimitExceeded

        with served(https=True, burst=1) as server, perfkit.record() as recording:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", write_ca(server.ca, tmp_path))
            token = BitrixWebhook(domain=server.domain, webhook_token=f"1/{WEBHOOK_TOKEN}")
            token.call_method("crm.lead.get", {"ID": 1})
            at_once = {"max_retries": 4, "initial_retry_delay": 1e-3, "retry_delay_increment": 0}
            with pytest.raises(BitrixAPIQueryLimitExceeded):
                token.call_method("crm.lead.get", {"ID": 2}, **at_once)
        assert ("PK402", 'token.call_method("crm.lead.get", {"ID": 2}, **at_once)') in found(recording)


@needs(not installed("b24api").startswith("0."), reason="not this b24api")
class TestB24apiOld:
    def test_a_loop_and_refusals(self, monkeypatch):
        import httpx
        from b24api import Bitrix24
        from b24api.error import RetryApiResponseError
        from b24api.settings import Settings

        with served(burst=12) as server, httpx.Client() as session, perfkit.record() as recording:
            monkeypatch.setattr(Bitrix24, "http", session)
            bitrix = Bitrix24(settings=Settings(webhook_url=server.url, retry_delay=0))
            for lead in LEADS:
                bitrix.call({"method": "crm.lead.get", "parameters": {"ID": lead}})
            with pytest.raises(RetryApiResponseError):
                bitrix.call({"method": "profile"})
        assert sorted(found(recording)) == [
            ("PK102", 'bitrix.call({"method": "crm.lead.get", "parameters": {"ID": lead}})'),
            ("PK402", 'bitrix.call({"method": "profile"})'),
        ]
        assert recording.counts["connect"] == 1


@needs(not installed("b24api").startswith("2."), reason="not this b24api")
class TestB24api:
    def record(self, job, **options):
        from b24api import Bitrix24, ExecutionPolicy, RetryPolicy

        policy = ExecutionPolicy(retry=RetryPolicy(initial_delay=0, maximum_delay=0))

        async def main(url):
            with perfkit.record() as recording:
                async with Bitrix24.from_webhook(url, policy=policy) as bitrix:
                    await job(bitrix)
            return recording

        with served(**options) as server:
            return asyncio.run(main(server.url))

    def test_a_loop(self):
        from b24api import Request

        async def job(bitrix):
            for lead in LEADS:
                await bitrix.call(Request.bare("crm.lead.get", {"ID": lead}))

        recording = self.record(job)
        assert found(recording) == [
            ("PK102", 'await bitrix.call(Request.bare("crm.lead.get", {"ID": lead}))')
        ]
        assert recording.counts["connect"] == 1

    def test_refusals(self):
        from b24api import BudgetExceededError, Request

        async def job(bitrix):
            await bitrix.call(Request.bare("crm.lead.get", {"ID": 1}))
            with pytest.raises(BudgetExceededError):
                await bitrix.call(Request.bare("crm.lead.get", {"ID": 2}))

        recording = self.record(job, burst=1)
        assert found(recording) == [("PK402", 'await bitrix.call(Request.bare("crm.lead.get", {"ID": 2}))')]

    def test_tasks_of_the_library(self):
        """They are started by tasks of the library in turn, and found all the same."""
        from b24api import Request
        from b24api.contracts import Command

        async def job(bitrix):
            commands = [Command(Request.bare("crm.lead.get", {"ID": lead}), lead) for lead in LEADS]
            async for _ in bitrix.fan_out(commands):
                pass

        assert ("PK102", "async for _ in bitrix.fan_out(commands):") in found(self.record(job))
