"""What a report of many spans takes in headless Chromium: size, first paint, heap, unpacking, drawing.

    python benchmarks/report_page.py [COUNT ...]

The first row is a page with nothing on it: what the browser itself takes. The heap is that of scripts, of the
document and of typed arrays, after a garbage collection; first paint is the median of five loads.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from perfkit.report.formats.html import render_html
from tests.browser import Page, browser_page
from tests.report.large_trace import large_run

COUNTS = (1_000, 10_000, 100_000, 300_000)
LOADS = 5
BARE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title><link rel="icon" href="data:,"><p>x'
)
PAINT = "(performance.getEntriesByName('first-contentful-paint')[0] || {}).startTime"
SPANS = (
    "(part => part && part.spans && part.spans.drawn_ms !== undefined)(document.getElementById('all-spans'))"
)
FIGURES = "(s => [s.unpacked_ms, s.drawn_ms, s.drawn])(document.getElementById('all-spans').spans)"
COLUMNS = ("spans", "render", "size", "first paint", "heap", "unpacked in", "drawn in", "drawn")


async def measure(page: Page, text: str) -> list[str]:
    """The figures of one page, as texts."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        paints = [await _paint(page, file.as_uri()) for _ in range(LOADS)]
        drawing = await _drawing(page) if 'id="all-spans"' in text else ["", "", ""]
        await page.call("HeapProfiler.enable")
        await page.call("HeapProfiler.collectGarbage")
        used = await page.call("Runtime.getHeapUsage")
    heap = sum(used.get(kind, 0) for kind in ("usedSize", "embedderHeapUsedSize", "backingStorageSize"))
    size = f"{len(text.encode()) / 1000:,.0f} kB"
    return [size, f"{statistics.median(paints):.0f} ms", f"{heap / 1e6:.1f} MB", *drawing]


async def _paint(page: Page, url: str) -> float:
    """Milliseconds from the start of the load to the first paint of content."""
    await page.open(url)
    while (found := await page.evaluate(PAINT)) is None:
        await asyncio.sleep(0.05)
    return float(found)


async def _drawing(page: Page) -> list[str]:
    """How long the spans took to unpack and to draw, and how many rectangles that were."""
    await page.evaluate("document.getElementById('all-spans').scrollIntoView()")
    while not await page.evaluate(SPANS):
        await asyncio.sleep(0.05)
    await page.evaluate("document.querySelector('[data-do=all]').click()")
    await asyncio.sleep(0.3)  # drawn a second time, with everything warm
    unpacked_ms, drawn_ms, drawn = await page.evaluate(FIGURES)
    return [f"{unpacked_ms:.0f} ms", f"{drawn_ms:.0f} ms", f"{drawn:,}"]


def row(*texts: str) -> None:
    """A line of the table."""
    sys.stdout.write("  ".join(f"{text:>11}" for text in texts) + "\n")
    sys.stdout.flush()


async def main(counts: tuple[int, ...]) -> None:
    """A table with a row for each count."""
    row(*COLUMNS)
    async with browser_page() as page:
        await page.width(1280, 800)
        row("(nothing)", "", *await measure(page, BARE))
        for count in counts:
            run = large_run(count)
            started = time.perf_counter()
            text = render_html(run)
            took = f"{time.perf_counter() - started:.2f} s"
            row(f"{count:,}", took, *await measure(page, text))


if __name__ == "__main__":
    asyncio.run(main(tuple(map(int, sys.argv[1:])) or COUNTS))
