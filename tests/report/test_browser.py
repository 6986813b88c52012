"""The page in a real browser: alone, quiet, readable everywhere."""

import asyncio

import pytest

from perfkit.report.formats.html import render_html
from tests.browser import browser_page, needs_browser
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run

RUNS = {
    "bench": sample_run,
    "failing": failing_run,
    "trace": trace_run,
    "analysis": analysis_run,
    "empty": empty_run,
    "hostile": lambda: hostile_run("</script><img src=http://x.test/ onerror=alert(1)>" + "q" * 10_000),
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
OPEN_ALL = "document.querySelectorAll('details').forEach(element => element.open = true)"
CONTRAST = """(() => {
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  let worst = [99, ''];
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 80)];
  }
  return worst;
})()"""


@needs_browser
@pytest.mark.parametrize("name", RUNS)
def test_page(name, tmp_path):
    file = tmp_path / f"{name}.html"
    file.write_text(render_html(RUNS[name]()), encoding="utf-8")
    asyncio.run(_check(file.as_uri(), tmp_path, name))


async def _check(url, folder, name):
    async with browser_page() as page:
        backgrounds = {}
        for scheme in ("light", "dark"):
            await page.scheme(scheme)
            for width in (1200, 390):
                await page.width(width)
                await page.open(url)
                assert page.requests == [url]
                assert page.complaints == []
                await page.screenshot(folder / f"{name}-{scheme}-{width}.png")
                await page.evaluate(OPEN_ALL)
                assert await page.evaluate(OVERFLOW) <= 0
            backgrounds[scheme] = await page.evaluate(BACKGROUND)
            ratio, element = await page.evaluate(CONTRAST)
            assert ratio >= 4.5, element
        assert backgrounds["light"] != backgrounds["dark"]


@needs_browser
def test_a_findings_rule_is_one_click_away(tmp_path):
    file = tmp_path / "report.html"
    file.write_text(render_html(analysis_run()), encoding="utf-8")
    asyncio.run(_check_rule(file.as_uri()))


async def _check_rule(url):
    async with browser_page() as page:
        await page.width(390)
        await page.open(url)
        top = "document.querySelector('#rule-PK101').getBoundingClientRect().top"
        assert await page.evaluate(f"{top} > innerHeight")
        await page.evaluate("document.querySelector('a[href=\"#rule-PK101\"]').click()")
        assert await page.evaluate(f"{top} >= 0 && {top} < innerHeight")
        await page.evaluate("document.querySelector('#rule-PK101 summary').click()")
        assert "How to allow it." in await page.evaluate("document.querySelector('#rule-PK101').innerText")
        assert await page.evaluate(OVERFLOW) <= 0


@needs_browser
def test_with_scripts_off_everything_is_there(tmp_path):
    file = tmp_path / "report.html"
    file.write_text(render_html(sample_run()), encoding="utf-8")
    asyncio.run(_check_without_scripts(file.as_uri()))


async def _check_without_scripts(url):
    async with browser_page() as page:
        await page.scripts(enabled=False)
        await page.open(url)
        shown = await page.text()
        assert page.requests == [url]
        for part in ("PASS", "will not help", "Prediction beside result", "drawn together", "slope 1.00"):
            assert part in shown


@needs_browser
def test_under_a_policy_without_inline_style_drawings_keep_their_colours(tmp_path):
    text = render_html(sample_run())
    strict = text.replace("style-src 'unsafe-inline'", "style-src 'self'")
    assert strict != text
    file = tmp_path / "strict.html"
    file.write_text(strict, encoding="utf-8")
    asyncio.run(_check_without_style(file.as_uri(), tmp_path))


async def _check_without_style(url, folder):
    async with browser_page() as page:
        await page.open(url)
        assert await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "none"
        fills = await page.evaluate(
            "[...new Set([...document.querySelectorAll('svg rect')].map(e => getComputedStyle(e).fill))]"
        )
        assert {"rgb(125, 133, 144)", "rgb(42, 120, 189)"} <= set(fills)
        await page.screenshot(folder / "strict.png")
