"""A lead is added while something goes wrong once: what each client tells, and how many leads there are."""

import asyncio
import warnings
from importlib.metadata import PackageNotFoundError, version

import pytest

from perfkit.worlds.bitrix24 import WEBHOOK_TOKEN
from perfkit.worlds.bitrix24.faults import Fault
from tests.worlds.bitrix24.clients.support import served, write_ca

EFFECTS = ("503", "429", "500", "html", "reset", "cut")
ADD, NEW = "crm.lead.add", {"fields": {"TITLE": "new"}}


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        pytest.skip(f"no {name}")


def attempt(effect, add, **options):
    """(the error's name or "", leads added) of ``add(server)``, whose first request meets the fault."""
    with served(20, faults=(Fault(effect, count=1),), **options) as server:
        before, error = server.portal.store.leads.size, ""
        try:
            add(server)
        except Exception as told:  # whatever the client makes of it
            error = type(told).__name__
        return error, server.portal.store.leads.size - before


FAST = [("", 1), ("ClientResponseError", 0), ("", 1), ("", 1), ("", 1), ("", 2)]


@pytest.mark.parametrize("effect", EFFECTS)
def test_fast_bitrix24_tries_again_and_may_add_twice(effect):
    installed("fast_bitrix24")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fast_bitrix24 import BitrixAsync

    def add(server):
        asyncio.run(BitrixAsync(server.url, verbose=False).call(ADD, NEW, raw=True))

    assert attempt(effect, add) == FAST[EFFECTS.index(effect)]


SDK = [
    ("", 1),
    ("BitrixAPIOperationTimeLimit", 0),
    ("BitrixAPIInternalServerError", 0),
    ("BitrixResponseJSONDecodeError", 0),
    ("BitrixRequestError", 0),
    ("BitrixRequestError", 1),
]


@pytest.mark.parametrize("effect", EFFECTS)
def test_b24pysdk_leaves_all_but_503_to_the_caller(effect, monkeypatch, tmp_path):
    installed("b24pysdk")
    from b24pysdk import BitrixWebhook

    def add(server):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", write_ca(server.ca, tmp_path))
        token = BitrixWebhook(domain=server.domain, webhook_token=f"1/{WEBHOOK_TOKEN}")
        token.call_method(ADD, NEW, initial_retry_delay=1e-3)

    assert attempt(effect, add, https=True) == SDK[EFFECTS.index(effect)]


B24API = {
    "0": [("", 1), ("", 1), ("ApiResponseError", 0), ("", 1), ("", 1), ("", 2)],
    "2": [
        ("", 1),
        ("BudgetExceededError", 0),
        ("ApiResponseError", 0),
        ("AmbiguousExecutionError", 0),
        ("AmbiguousExecutionError", 0),
        ("AmbiguousExecutionError", 1),
    ],
}


@pytest.mark.parametrize("effect", EFFECTS)
def test_b24api_may_add_twice_before_version_2_and_tells_since(effect):
    major = installed("b24api")[0]
    add = add_with_b24api_0 if major == "0" else add_with_b24api_2
    assert attempt(effect, add) == B24API[major][EFFECTS.index(effect)]


def add_with_b24api_0(server):
    import httpx
    from b24api import Bitrix24
    from b24api.settings import Settings

    before = Bitrix24.http
    with httpx.Client() as Bitrix24.http:
        try:
            Bitrix24(settings=Settings(webhook_url=server.url, retry_delay=0)).call(
                {"method": ADD, "parameters": NEW}
            )
        finally:
            Bitrix24.http = before


def add_with_b24api_2(server):
    import b24api

    policy = b24api.ExecutionPolicy(retry=b24api.RetryPolicy(initial_delay=0, maximum_delay=0))

    async def main():
        async with b24api.Bitrix24.from_webhook(server.url, policy=policy) as bitrix:
            await bitrix.call(b24api.Request.bare(ADD, NEW, b24api.ReplaySafety.UNSAFE))

    asyncio.run(main())
