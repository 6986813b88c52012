"""The canvas of all spans and the flame graphs in a real browser: what they show, and by which keys."""

import asyncio
import base64

import pytest

from perfkit.model import Frame, Span, Trace, pack
from perfkit.model.profile import CallTree, Profile
from perfkit.report.formats.html import render_html
from perfkit.report.view import spans
from tests.browser import needs_browser, running_browser
from tests.report.large_trace import large_run
from tests.report.packed import decoded
from tests.report.sample import empty_run, hostile_run, sample_run

pytestmark = [pytest.mark.once]

MS = 1_000_000
UNPACKED = "(part => part && !!part.groups && part.drawn >= 0)(document.getElementById('all-spans').spans)"
COLUMN = "Array.from(document.getElementById('all-spans').spans.{})"
PIXELS = "document.getElementById('spans-canvas').toDataURL()"
SITE = Frame("app/a.py", 7, "load")


@pytest.fixture(scope="module")
def browser():
    with running_browser() as run:
        yield run


@pytest.fixture
def write(tmp_path):
    def made(run):
        file = tmp_path / "report.html"
        file.write_text(render_html(run), encoding="utf-8")
        return file

    return made


def small_run():
    """A job of 1 s: a request of 100 ms, and two queries one after another, the second one refused."""
    run = empty_run(kind="trace", clock="wall")
    made = [
        Span(1, None, "span", "job", 0, 1000 * MS, SITE),
        Span(2, 1, "request", "GET shop.test/items", 100 * MS, 200 * MS, SITE),
        Span(3, 1, "query", "SELECT name FROM users", 300 * MS, 400 * MS, SITE),
        Span(4, 1, "query", "SELECT price FROM items", 500 * MS, 600 * MS, None, attrs={"status": 503}),
    ]
    run.trace = pack(Trace("wall", 0, 1000 * MS, made))
    run.profiles = [flame_profile()]
    return run


def flame_profile():
    frames = [Frame("app.py", 9, "main"), Frame("app.py", 4, "parse"), Frame("json", 0, "loads")]
    tree = CallTree(
        frames, [True, True, False], parent=[-1, 0, 1, 0], frame=[0, 1, 2, 2], value=[10, 20, 40, 30]
    )
    return Profile("cpu", "work", tool="tool 1.0", tree=tree)


async def show(page, file, part="#all-spans"):
    """Open the page, scroll to its spans and wait for them; nothing was asked of the network."""
    await page.open(file.as_uri())
    await page.evaluate(f"document.querySelector('{part}').scrollIntoView()")
    for _ in range(200):
        if part != "#all-spans" or await page.evaluate(UNPACKED):
            break
        await asyncio.sleep(0.05)
    assert page.requests == [file.as_uri()]
    assert page.complaints == []


async def picture(page, *, unlike=""):
    """What the canvas shows once it stands still, and is another picture than ``unlike``."""
    before = ""
    for _ in range(100):
        shown = await page.evaluate(PIXELS)
        if shown == before != unlike:
            return shown
        before = shown
        await asyncio.sleep(0.05)
    return before


async def press(page, *keys):
    for key in keys:
        letter = {"text": key} if len(key) == 1 else {}
        await page.call("Input.dispatchKeyEvent", type="keyDown", key=key, **letter)
        await page.call("Input.dispatchKeyEvent", type="keyUp", key=key)


async def text(page, name):
    return await page.evaluate(f"document.querySelector('{name}').textContent")


async def enter(page, field, words):
    await page.evaluate(f"document.querySelector('{field}').focus()")
    await page.evaluate(f"document.querySelector('{field}').value = ''")
    await page.call("Input.insertText", text=words)


@needs_browser
def test_the_page_unpacks_what_was_packed(browser, write):
    run = large_run(5_000)
    wanted = decoded(spans.of_run(run).packed)

    async def check(page):
        await show(page, write(run))
        for column in ("start", "duration", "label", "depth", "task"):
            assert await page.evaluate(COLUMN.format(column)) == wanted[column], column
        assert await page.evaluate(COLUMN.format("strings")) == wanted["strings"]
        assert await page.evaluate(COLUMN.format("groups[0].lanes") + ".map(lane => lane.name)") == [
            lane["name"] for lane in wanted["groups"][0]["lanes"]
        ]

    browser(check)


@needs_browser
def test_no_span_covers_another_and_those_below_lie_lower(browser, write):
    run = large_run(2_000)

    async def check(page):
        await show(page, write(run))
        columns = [await page.evaluate(COLUMN.format(name)) for name in ("start", "duration", "depth", "row")]
        free = {}
        lanes = decoded(spans.of_run(run).packed)["groups"][0]["lanes"]
        of_lane = [number for number, lane in enumerate(lanes) for _ in range(lane["count"])]
        for lane, start, duration, depth, row in zip(of_lane, *columns, strict=True):
            assert row >= depth
            assert free.get((lane, row), 0) <= start
            free[lane, row] = start + duration

    browser(check)


@needs_browser
def test_by_keyboard(browser, write):
    async def check(page):
        await page.width(1280)
        await show(page, write(small_run()))
        await page.evaluate("document.getElementById('spans-canvas').focus()")
        assert await text(page, "#spans-range") == "0 s to 1 s of 1.00 s"
        await press(page, "+")
        assert await text(page, "#spans-range") == "250 ms to 750 ms of 1.00 s"
        await press(page, "-")
        assert await text(page, "#spans-range") == "0 s to 1 s of 1.00 s"
        await press(page, "ArrowRight")
        assert (await text(page, "#spans-detail")).startswith("job · span · starts at 0 s · takes 1.00 s")
        await press(page, "ArrowDown", "Home", "ArrowRight")
        detail = "GET shop.test/items · request · starts at 100 ms · takes 100 ms · app/a.py:7 in load"
        assert await text(page, "#spans-detail") == detail
        await press(page, "Enter")
        assert await text(page, "#spans-range") == "80 ms to 220 ms of 1.00 s"
        await press(page, "ArrowUp")
        assert (await text(page, "#spans-detail")).startswith("job")
        await press(page, "0", "End")
        assert "refused (429 or 503)" in await text(page, "#spans-detail")
        await press(page, "Escape")
        assert await text(page, "#spans-detail") == "No span is selected."
        assert page.complaints == []

    browser(check)


@needs_browser
def test_the_search_counts_and_goes_to_each_match(browser, write):
    async def check(page):
        await show(page, write(small_run()))
        before = await page.evaluate(PIXELS)
        await enter(page, "#spans-find", "select")
        assert await text(page, "#spans-count") == "Matches: 2 of 4 spans, 200 ms in all"
        await press(page, "Enter")
        assert (await text(page, "#spans-detail")).startswith("SELECT name")
        await page.evaluate("document.getElementById('spans-canvas').focus()")
        await press(page, "n")
        assert (await text(page, "#spans-detail")).startswith("SELECT price")
        await press(page, "N")
        assert (await text(page, "#spans-detail")).startswith("SELECT name")
        assert await picture(page, unlike=before) != before
        await enter(page, "#spans-find", "nothing like it")
        assert await text(page, "#spans-count") == "Matches: 0 of 4 spans, 0 s in all"

    browser(check)


@needs_browser
def test_by_mouse(browser, write):
    async def mouse(page, kind, x, y, **more):
        await page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    async def check(page):
        await page.width(1280)
        await show(page, write(small_run()))
        canvas = "document.getElementById('spans-canvas').getBoundingClientRect()"
        left, top, wide = await page.evaluate(f"(box => [box.left, box.top, box.width])({canvas})")
        x, y = left + 0.15 * wide, top + 62
        await mouse(page, "mouseMoved", x, y)
        assert "GET shop.test/items" in await text(page, "#spans-tip")
        for kind in ("mousePressed", "mouseReleased"):
            await mouse(page, kind, x, y, button="left", buttons=1, clickCount=1)
        assert (await text(page, "#spans-detail")).startswith("GET shop.test/items")
        await page.evaluate("document.getElementById('spans-canvas').focus()")
        await mouse(page, "mouseWheel", left + 0.5 * wide, y, deltaX=0, deltaY=-100)
        assert await text(page, "#spans-range") == "100 ms to 900 ms of 1.00 s"
        await mouse(page, "mousePressed", left + 0.5 * wide, y, button="left", buttons=1, clickCount=1)
        await mouse(page, "mouseMoved", left + 0.75 * wide, y, button="left", buttons=1)
        await mouse(page, "mouseReleased", left + 0.75 * wide, y, button="left", clickCount=1)
        assert await text(page, "#spans-range") == "0 ms to 800 ms of 1.00 s"

    browser(check)


@needs_browser
def test_it_follows_the_scheme_and_is_not_blank(browser, write):
    async def check(page):
        shots = {}
        for scheme in ("light", "dark"):
            await page.scheme(scheme)
            await show(page, write(small_run()))
            shots[scheme] = await picture(page)
        await page.scheme("light")  # while the page is open
        assert shots["light"] != shots["dark"]
        assert await picture(page, unlike=shots["dark"]) == shots["light"]
        blank = await page.evaluate(
            "(c => { const b = document.createElement('canvas'); b.width = c.width; b.height = c.height;"
            " return b.toDataURL() })(document.getElementById('spans-canvas'))"
        )
        assert shots["light"] != blank
        assert len(base64.b64decode(shots["light"].partition(",")[2])) > 1_000

    browser(check)


@needs_browser
def test_a_waterfall_leads_to_its_spans(browser, write):
    run = sample_run(groups=("aiohttp",), sizes=[20])

    async def check(page):
        await show(page, write(run))
        link = "document.querySelectorAll('a[data-spans]')[1]"
        await page.evaluate(f"{link}.closest('details').open = true")
        await page.evaluate(f"{link}.click()")
        chosen = await page.evaluate("document.getElementById('spans-group').value")
        assert chosen == await page.evaluate(f"{link}.dataset.spans")
        assert chosen == spans.of_run(run).titles[1]
        assert await text(page, "#spans-range") == "0 s to 4.12 s of 4.12 s"

    browser(check)


@needs_browser
def test_hostile_names_do_no_harm(browser, write):
    file = write(hostile_run("</script><img src=http://x.test/ onerror=alert(1)>\u202e" + "q" * 10_000))

    async def check(page):
        await page.width(390)
        await show(page, file)
        await page.evaluate("document.getElementById('spans-canvas').focus()")
        await press(page, "ArrowRight", "Enter")
        await enter(page, "#spans-find", "onerror=")
        assert await text(page, "#spans-count") == "Matches: 1 of 1 span, 5 ns in all"
        await page.evaluate("document.getElementById('spans-group').selectedIndex = 1")
        await page.evaluate("document.getElementById('spans-group').dispatchEvent(new Event('change'))")
        await asyncio.sleep(0.1)
        assert await page.evaluate("document.querySelectorAll('img').length") == 0
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(width) <= 0
        assert page.requests == [file.as_uri()]
        assert page.complaints == []
        await page.width(1280)

    browser(check)


@needs_browser
def test_a_hundred_thousand_spans(browser, write):
    file = write(large_run())
    assert file.stat().st_size <= 1_000_000

    async def check(page):
        await show(page, file)
        # what can be seen on a screen, not what there is
        assert 1_000 < await page.evaluate("document.getElementById('all-spans').spans.drawn") < 60_000
        await page.call("HeapProfiler.enable")
        await page.call("HeapProfiler.collectGarbage")
        used = await page.call("Runtime.getHeapUsage")
        everything = ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
        assert sum(used.get(kind, 0) for kind in everything) <= 30_000_000

    browser(check)


@needs_browser
def test_once_scripts_run_no_rule_of_accessibility_is_broken(browser, write):
    async def check(page):
        for scheme in ("light", "dark"):
            await page.scheme(scheme)
            await show(page, write(small_run()))
            await enter(page, "#spans-find", "select")
            await enter(page, ".flame input", "loads")
            await page.evaluate("document.querySelector('.flame svg').focus()")
            await press(page, "ArrowDown", "Enter")
            assert await page.violations() == []

    browser(check)


@needs_browser
def test_without_scripts_the_page_says_what_would_be_there(browser, write):
    file = write(small_run())

    async def check(page):
        await page.scripts(enabled=False)
        try:
            await page.open(file.as_uri())
            shown = await page.evaluate("document.body.innerText")
        finally:
            await page.scripts(enabled=True)
        assert "A script draws all of them here" in shown
        for words in ("Drag to move", "Click a frame", "No span is selected"):
            assert words not in shown
        assert "Callers above" in shown
        assert "main app.py:9" in shown  # the flame graph itself

    browser(check)


@needs_browser
def test_a_flame_graph_by_keyboard_and_search(browser, write):
    def width(number):
        return f"document.querySelectorAll('.flame > svg > svg')[{number}].getAttribute('width')"

    async def check(page):
        await show(page, write(small_run()), ".flame")
        assert [await page.evaluate(width(n)) for n in range(4)] == ["100%", "60%", "40%", "30%"]
        await page.evaluate("document.querySelector('.flame svg').focus()")
        await press(page, "ArrowDown", "ArrowDown")
        assert await text(page, ".flame-detail") == "parse · app.py:4 · 60 ns, 60.0 %, 20 ns of it its own"
        await press(page, "ArrowRight")
        assert (await text(page, ".flame-detail")).startswith("loads · json · 30 ns")
        await press(page, "ArrowLeft", "Enter")
        assert await page.evaluate(width(1)) == "100%"
        assert (await page.evaluate(width(2))).startswith("66.6")
        frames = "[...document.querySelectorAll('.flame > svg > svg')]"
        gone = f"{frames}.map(frame => getComputedStyle(frame).display === 'none')"
        assert await page.evaluate(gone) == [False, False, False, True]
        await press(page, "Escape")
        assert await page.evaluate(gone) == [False] * 4
        await enter(page, ".flame input", "loads")
        assert await text(page, ".flame output") == "Matches: 2, 70.0 % of the whole"
        await enter(page, ".flame input", "app.py")
        assert await text(page, ".flame output") == "Matches: 2, 100.0 % of the whole"
        assert page.complaints == []

    browser(check)
