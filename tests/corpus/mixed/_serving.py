"""Serves a web application of the program itself, from the loop the program runs on."""

import contextlib

from aiohttp import web


@contextlib.asynccontextmanager
async def serving(app):
    """Serve until the block is left; gives the URL without a slash at its end."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
