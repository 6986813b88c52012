import asyncio
import re
from pathlib import Path

import pytest

from perfkit.report.index import refresh
from tests.browser import browser_page, needs_browser
from tests.report.index.stored import run_of, store
from tests.report.sample import analysis_run, failing_run, sample_run, trace_run

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
OPEN_ALL = "document.querySelectorAll('details').forEach(element => element.open = true)"


@pytest.fixture
def page(tmp_path):
    """An index with all that it can have: kinds of runs, trends apart, folded rows, a bad file."""
    folder = store(
        tmp_path / "reports",
        *(run_of(1, requests=number, revision=f"{number:02}" * 20) for number in range(1, 60)),
        run_of(2, requests=99, revision="f" * 40, dirty=True),
        run_of(2, clock="wall"),
        run_of(3, name="n" * 200, best="b" * 200, title="t" * 200),
        sample_run(),
        failing_run(),
        trace_run(),
        analysis_run(),
    )
    (folder / "run-1.html").write_text("")
    (folder / ("damaged" * 20 + ".json")).write_text("{")
    return refresh(folder)


@pytest.mark.once
@needs_browser
def test_the_index_in_a_browser(page, tmp_path):
    asyncio.run(_check(page.as_uri(), tmp_path))


async def _check(url: str, folder: Path) -> None:
    async with browser_page() as tab:
        backgrounds = set()
        for scheme, width in (("light", 1280), ("dark", 390)):
            await tab.scheme(scheme)
            await tab.width(width)
            await tab.open(url)
            assert tab.requests == [url]
            assert tab.complaints == []
            await tab.screenshot(folder / f"index-{scheme}-{width}.png")
            await tab.evaluate(OPEN_ALL)
            assert await tab.evaluate(OVERFLOW) <= 0
            backgrounds.add(await tab.evaluate(BACKGROUND))
            assert await tab.violations() == []
        assert len(backgrounds) == 2


@pytest.mark.once
@needs_browser
def test_without_scripts_and_styles_it_still_reads(page, tmp_path):
    text = page.read_text()
    strict = tmp_path / "strict.html"
    strict.write_text(re.sub(r"style-src [^;]*", "style-src 'self'", text))
    assert strict.read_text() != text
    asyncio.run(_check_strict(strict.as_uri()))


async def _check_strict(url: str) -> None:
    async with browser_page() as tab:
        await tab.scripts(enabled=False)
        await tab.open(url)
        shown = await tab.text()
        for part in ("Newest", "worse: was", "uncommitted changes", "as a whole", "JSON", "damaged or not"):
            assert part in shown
        await tab.scripts(enabled=True)
        await tab.open(url)
        strokes = "[...document.querySelectorAll('svg path')].map(path => getComputedStyle(path).stroke)"
        assert "rgb(42, 120, 189)" in await tab.evaluate(strokes)
