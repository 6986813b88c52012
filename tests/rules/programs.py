"""Small programs as text: their marked lines, and what a recording of them is found to have."""

import asyncio
import importlib.util
import itertools
import textwrap
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from aiohttp import web

import perfkit
from perfkit.model import Frame

MARK = "# here"

HELPER = """\
import asyncio
import aiohttp
import httpx

async def get(session, url):
    async with session.get(url) as r:
        return await r.json()

"""
"""What the programs begin with."""

_numbers = itertools.count(1)


def marked(text, mark=MARK):
    """The dedented text, and the numbers of its lines that end with the mark."""
    text = textwrap.dedent(text).strip("\n") + "\n"
    return text, [number for number, line in enumerate(text.splitlines(), 1) if line.endswith(mark)]


def line_of(text, part):
    """The number of the one line that has the part."""
    (number,) = [number for number, line in enumerate(text.splitlines(), 1) if part in line]
    return number


def frame(path, text, part, function):
    return Frame(str(path), line_of(text, part), function)


async def answer(request):
    return web.json_response({"id": 7, "ids": [1, 2], "next": None, "ok": True, "result": {}})


@asynccontextmanager
async def servers(count):
    """So many real servers on loopback; their addresses."""
    async with AsyncExitStack() as stack:
        addresses = []
        for _ in range(count):
            app = web.Application()
            app.router.add_route("*", "/{tail:.*}", answer)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            addresses.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield addresses


def record(tmp_path, text, hosts=1):
    """The recording of a program's ``main(session, url)``, or ``main(session, urls)`` with several hosts."""
    file = tmp_path / f"program{next(_numbers)}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    async def whole():
        async with servers(hosts) as urls, aiohttp.ClientSession() as session:
            with perfkit.record() as rec:
                await module.main(session, urls if hosts > 1 else urls[0])
        return rec

    return asyncio.run(whole())


def found(tmp_path, text, code, hosts=1):
    """What a rule finds in a program: of each finding the text of its line, and the count."""
    text = HELPER + textwrap.dedent(text).strip("\n") + "\n"
    findings = [finding for finding in record(tmp_path, text, hosts).findings() if finding.rule == code]
    lines = text.splitlines()
    return [(lines[finding.site.line - 1].strip(), finding.count) for finding in findings]
