"""The page in a real browser: alone, quiet, readable everywhere and by everyone."""

import contextlib

import pytest
from aiohttp import web

from perfkit.model import Target
from perfkit.report.formats.html import render_html
from tests.browser import Page, needs_browser, running_browser
from tests.report.gate_sample import failing_gate, hostile_gate
from tests.report.sample import (
    analysis_run,
    empty_run,
    failing_run,
    hostile_run,
    sample_run,
    trace_run,
)
from tests.report.view.test_targets import TARGETS, run_with
from tests.report.view.test_tuned import run as tune_run

pytestmark = pytest.mark.once

NASTY = "</script><img src=http://x.test/ onerror=alert(1)>\"'` \u202egpj.exe " + "q" * 10_000
RUNS = {
    "bench": lambda: sample_run(groups=("aiohttp",), sizes=[20, 200], repeats=3),
    "failing": failing_run,
    "gate": failing_gate,
    "trace": trace_run,
    "analysis": analysis_run,
    "tune": tune_run,
    "targets": lambda: run_with([*TARGETS, Target("query", NASTY, 1, 2, NASTY)]),
    "empty": empty_run,
    "hostile": lambda: hostile_run(NASTY),
    "hostile gate": lambda: hostile_gate(NASTY),
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
OPEN_ALL = "document.querySelectorAll('details').forEach(element => element.open = true)"
UNSEEN = """[...document.querySelectorAll('h1, h2, h3, h4, summary, caption, th, td')]
    .filter(e => e.innerText.trim() && !e.closest('[hidden]') && !e.getClientRects().length)
    .map(e => e.outerHTML.slice(0, 80))"""
PAINTS = ("rgb(42, 120, 189)", "rgb(125, 133, 144)")
STROKES = """[...new Set([...document.querySelectorAll('svg path')].map(e => getComputedStyle(e).stroke))]"""
JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"


@pytest.fixture(scope="module")
def browser():
    with running_browser() as run:
        yield run


@pytest.fixture
def open_in(browser, tmp_path):
    """Runs a check on the page of a run: ``open_in(run, check)``."""

    def opened(run, check):
        file = tmp_path / "report.html"
        file.write_text(render_html(run), encoding="utf-8")
        browser(lambda page: check(page, file.as_uri()))

    return opened


@needs_browser
@pytest.mark.parametrize("name", RUNS)
def test_a_page_asks_for_nothing_fits_and_breaks_no_rule_of_accessibility(name, open_in):
    open_in(RUNS[name](), _check)


async def _check(page: Page, url: str) -> None:
    await page.scheme("light")
    await page.width(1200)
    await page.open(url)
    backgrounds = set()
    for scheme, width in (("light", 1200), ("dark", 390)):
        await page.scheme(scheme)
        await page.width(width)
        assert await page.evaluate(OVERFLOW) <= 0
        await page.evaluate(OPEN_ALL)
        assert await page.evaluate(OVERFLOW) <= 0
        backgrounds.add(await page.evaluate(BACKGROUND))
        assert page.complaints == []
        assert await page.violations() == []
    assert len(backgrounds) == 2
    assert page.requests == [url]


@needs_browser
def test_axe_does_find_what_is_wrong(open_in):
    async def check(page, url):
        await page.open(url)
        await page.evaluate("document.querySelector('main').append(document.createElement('img')); true")
        assert [found.split(":")[0] for found in await page.violations()] == ["image-alt"]

    open_in(empty_run(), check)


@needs_browser
def test_a_findings_rule_is_one_click_away(open_in):
    open_in(analysis_run(), _check_rule)


async def _check_rule(page: Page, url: str) -> None:
    await page.width(390)
    await page.open(url)
    top = "document.querySelector('#rule-PK101').getBoundingClientRect().top"
    assert await page.evaluate(f"{top} > innerHeight")
    await page.evaluate("document.querySelector('a[href=\"#rule-PK101\"]').click()")
    assert await page.evaluate(f"{top} >= 0 && {top} < innerHeight")
    await page.evaluate("document.querySelector('#rule-PK101 summary').click()")
    assert "Right" in await page.evaluate("document.querySelector('#rule-PK101').innerText")
    assert await page.evaluate(OVERFLOW) <= 0


@needs_browser
@pytest.mark.parametrize("name", ["bench", "gate", "trace", "analysis", "tune"])
def test_under_the_policy_of_jenkins_all_text_is_seen_and_drawings_keep_their_colours(name, browser):
    text = render_html(RUNS[name]())
    browser(lambda page: _check_jenkins(page, text))


async def _check_jenkins(page: Page, text: str) -> None:
    """No script and no style sheet is used there."""
    async with _served(text) as url:
        await page.width(1200)
        await page.open(url)
        assert [request for request in page.requests if not request.startswith("data:")] == [url]
        assert await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "none"
        await page.evaluate(OPEN_ALL)
        assert await page.evaluate(UNSEEN) == []
        shown = await page.evaluate("document.body.innerText")
        assert "How to read this" in shown
        if "<svg" in text:
            assert set(PAINTS) & set(await page.evaluate(STROKES))


@contextlib.asynccontextmanager
async def _served(text: str):
    """``text`` at an address of its own, with the header that Jenkins sends with artifacts."""

    async def answer(request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": JENKINS}
        return web.Response(text=text, content_type="text/html", headers=headers)

    app = web.Application()
    app.router.add_get("/report.html", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/report.html"
    finally:
        await runner.cleanup()


@needs_browser
def test_with_scripts_off_everything_is_there(open_in):
    open_in(sample_run(), _check_without_scripts)


async def _check_without_scripts(page: Page, url: str) -> None:
    await page.scripts(enabled=False)
    try:
        await page.open(url)
        shown = await page.text()
        assert page.requests == [url]
        for part in ("PASS", "will not help", "Prediction beside result", "drawn together", "serial 1.00"):
            assert part in shown
    finally:
        await page.scripts(enabled=True)
