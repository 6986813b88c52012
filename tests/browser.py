"""Headless Chromium through the DevTools protocol, for tests of pages that perfkit writes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib import resources
from pathlib import Path

import aiohttp
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
START_S = 60
AXE = """axe.run({resultTypes: ['violations']}).then(found => found.violations
    .map(v => `${v.id}: ${v.nodes.length} x ${v.nodes[0].html.slice(0, 120)}`))"""


def find_browser() -> str | None:
    """The browser's path: $PERFKIT_CHROMIUM first, else the first known name on the PATH."""
    return os.environ.get("PERFKIT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def needs_browser(test):
    """Marks a test or module's tests: ``browser``, and skipped with a reason where none is installed."""
    reason = f"no browser: none of {', '.join(NAMES)} is on the PATH and PERFKIT_CHROMIUM is not set"
    return pytest.mark.browser(pytest.mark.skipif(find_browser() is None, reason=reason)(test))


class Page:
    """One tab. ``requests`` are the URLs it asked for, ``complaints`` what its console and log said."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.loaded = asyncio.Event()
        self._answers: dict[int, asyncio.Future[dict]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def call(self, method: str, **params) -> dict:
        """One command of the protocol; raises AssertionError with the browser's words when it fails."""
        number = len(self._answers) + 1
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": params})
        answer = await asyncio.wait_for(self._answers[number], START_S)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    async def _listen(self) -> None:
        async for message in self.socket:
            event = message.json()
            if "id" in event:
                self._answers[event["id"]].set_result(event)
                continue
            method, params = event["method"], event["params"]
            if method == "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                self.complaints.append(str(params))
            elif method == "Page.loadEventFired":
                self.loaded.set()

    async def open(self, url: str) -> None:
        """Go to ``url`` and wait until it is loaded; requests and complaints start anew."""
        self.requests.clear()
        self.complaints.clear()
        self.loaded.clear()
        await self.call("Page.navigate", url=url)
        await asyncio.wait_for(self.loaded.wait(), START_S)
        # violations of the content policy are reported a little after the load
        await asyncio.sleep(0.2)

    async def evaluate(self, expression: str):
        """The value of a JavaScript expression in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def width(self, pixels: int, height: int = 900) -> None:
        """Make the view that wide, as a phone or a desktop would."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=height,
            deviceScaleFactor=1,
            mobile=pixels < 600,
        )

    async def scheme(self, name: str) -> None:
        """Prefer the "light" or the "dark" scheme."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def scripts(self, *, enabled: bool) -> None:
        """Switch the page's own scripts on or off; takes effect with the next ``open``."""
        await self.call("Emulation.setScriptExecutionDisabled", value=not enabled)

    async def text(self) -> str:
        """The text that is in the page, read without the page's scripts."""
        root = await self.call("DOM.getDocument", depth=0)
        body = await self.call("DOM.querySelector", nodeId=root["root"]["nodeId"], selector="body")
        outer = await self.call("DOM.getOuterHTML", nodeId=body["nodeId"])
        return outer["outerHTML"]

    async def violations(self) -> list[str]:
        """What axe-core finds: its rules' names with how often and where."""
        if not await self.evaluate("'axe' in window"):
            source = resources.files("axe_core_python") / "axe.min.js"
            await self.evaluate(source.read_text(encoding="utf-8") + "; true")
        answer = await self.call("Runtime.evaluate", expression=AXE, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    async def screenshot(self, path: Path, *, whole: bool = True) -> Path:
        """A PNG of the whole page, or of what the view shows."""
        shot = await self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole, **await self._clip(whole)
        )
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    async def _clip(self, whole: bool) -> dict:
        if not whole:
            return {}
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        return {
            "clip": {
                "x": 0,
                "y": 0,
                "width": size["width"],
                "height": min(size["height"], 16_000),
                "scale": 1,
            }
        }


@contextlib.asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """A tab of a fresh browser with a profile of its own; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="perfkit-browser-", ignore_cleanup_errors=True) as profile:
        command = [find_browser() or "", *SWITCHES, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port = await _port(Path(profile), process)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = await answer.json(content_type=None)
                address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    page = Page(socket)
                    for domain in ("Page", "Network", "Runtime", "Log", "DOM"):
                        await page.call(f"{domain}.enable")
                    yield page
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def running_browser() -> Iterator[Callable[[Callable[[Page], Awaitable[None]]], None]]:
    """One browser for many tests: what it yields runs a coroutine function on its tab."""
    with asyncio.Runner() as runner:
        opened = browser_page()
        page = runner.run(opened.__aenter__())
        try:
            yield lambda check: runner.run(check(page))
        finally:
            runner.run(opened.__aexit__(None, None, None))


async def _port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that the browser writes down once it listens."""
    file, until = profile / "DevToolsActivePort", time.monotonic() + START_S
    while time.monotonic() < until:
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        assert process.poll() is None, f"the browser ended with {process.returncode}"
        await asyncio.sleep(0.05)
    raise AssertionError(f"the browser did not listen within {START_S} s")
