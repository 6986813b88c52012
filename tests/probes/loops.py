"""Recording what an event loop does, for the tests of its probe."""

import asyncio

from perfkit.tracing import Recording


def recorded(main, **options):
    """The spans of ``main()``, awaited in a loop of its own."""

    async def whole():
        with Recording(**options) as rec:
            await asyncio.sleep(0)  # steps are watched whole
            await main()
            await asyncio.sleep(0)
        return rec.trace.spans

    return asyncio.run(whole())
