"""Recording what an event loop does, for the tests of its probe."""

import asyncio
import inspect

import perfkit
from perfkit.probes import asyncio as probe
from perfkit.probes import asyncio_steps
from perfkit.tracing import Recording


def installed(monkeypatch, threshold_ns):
    """For a fixture: the probe at work, with another threshold for steps."""
    monkeypatch.setattr(asyncio_steps, "THRESHOLD_NS", threshold_ns)
    perfkit.uninstrument()
    probe.install()
    yield
    probe.remove()


def line():
    """The caller's line."""
    return inspect.currentframe().f_back.f_lineno


def recorded(main, **options):
    """The spans of ``main()``, awaited in a loop of its own."""

    async def whole():
        with Recording(**options) as rec:
            await asyncio.sleep(0)  # steps are watched whole
            await main()
            await asyncio.sleep(0)
        return rec.trace.spans

    return asyncio.run(whole())


def recorded_and_seen(main):
    """The same, again while nobody looked at a step that held the loop: a busy machine may not let them."""
    for _ in range(50):
        spans = recorded(main)
        if all(span.attrs["call"] for span in spans if span.kind == "blocked"):
            break
    return spans
