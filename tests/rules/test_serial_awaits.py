"""Programs that are run against real servers, and traces made by hand."""

import pytest

from perfkit.model import Frame, HostFacts
from perfkit.rules.limits import Limits
from perfkit.rules.serial_awaits import check
from perfkit.rules.sources import Sources
from perfkit.rules.view import View

from .programs import found
from .traces import MS, query, request, span, trace_of

WRONG = {
    "three with blocks": (
        """
        async def main(session, url):
            async with session.get(url + "/users") as r:
                users = await r.json()
            async with session.get(url + "/orders") as r:
                orders = await r.json()
            async with session.get(url + "/news") as r:
                news = await r.json()
            return users, orders, news
        """,
        'async with session.get(url + "/users") as r:',
        3,
        1,
    ),
    "guard then three": (
        """
        async def main(session, url):
            u = await get(session, url + "/me")
            if not u:
                return None
            o = await get(session, url + f"/orders/{u['id']}")
            n = await get(session, url + f"/items/{u['id']}")
            m = await get(session, url + f"/stock/{u['id']}")
            return o, n, m
        """,
        "o = await get(session, url + f\"/orders/{u['id']}\")",
        3,
        1,
    ),
    "dict literal": (
        """
        async def main(session, url):
            return {
                "a": await get(session, url + "/a"),
                "b": await get(session, url + "/b"),
                "c": await get(session, url + "/c"),
            }
        """,
        '"a": await get(session, url + "/a"),',
        3,
        1,
    ),
    "httpx with raise_for_status between": (
        """
        async def main(session, url):
            async with httpx.AsyncClient(base_url=url) as client:
                a = await client.get("/a")
                a.raise_for_status()
                b = await client.get("/b")
                b.raise_for_status()
                c = await client.get("/c")
                c.raise_for_status()
                return a.json(), b.json(), c.json()
        """,
        'a = await client.get("/a")',
        3,
        1,
    ),
    "loop over services": (
        """
        async def check(session, url):
            async with session.get(url + "/health") as r:
                return r.status
        async def main(session, urls):
            status = {}
            for url in urls:
                status[url] = await check(session, url)
            return status
        """,
        "status[url] = await check(session, url)",
        5,
        5,
    ),
    "comprehension over services": (
        """
        async def check(session, url):
            async with session.get(url + "/health") as r:
                return r.status
        async def main(session, urls):
            return [
                await check(session, url)
                for url in urls
            ]
        """,
        "await check(session, url)",
        5,
        5,
    ),
    "dict comprehension over paths": (
        """
        async def main(session, url):
            pages = ("users", "orders", "news", "stock")
            return {p: await get(session, f"{url}/{p}") for p in pages}
        """,
        'return {p: await get(session, f"{url}/{p}") for p in pages}',
        4,
        1,
    ),
    "three reads then a write": (
        """
        async def main(session, url):
            a = await session.get(url + "/a")
            b = await session.get(url + "/b")
            c = await session.get(url + "/c")
            await session.post(url + "/report", json=[a.status, b.status, c.status])
        """,
        'a = await session.get(url + "/a")',
        3,
        1,
    ),
    "class with attributes": (
        """
        class Page:
            def __init__(self, session, url):
                self.session, self.url = session, url
            async def get(self, path):
                async with self.session.get(self.url + path) as r:
                    self.check(r)
                    return await r.json()
            def check(self, r):
                if r.status >= 400: raise ValueError(r.status)
            async def load(self):
                self.user = await self.get("/user")
                self.orders = await self.get("/orders")
                self.news = await self.get("/news")
        async def main(session, url):
            await Page(session, url).load()
        """,
        'self.user = await self.get("/user")',
        3,
        1,
    ),
    "methods that set other attributes": (
        """
        class Page:
            def __init__(self, session, url):
                self.session, self.url = session, url
            async def load_user(self):
                async with self.session.get(self.url + "/user") as r:
                    self.user = await r.json()
            async def load_orders(self):
                async with self.session.get(self.url + "/orders") as r:
                    self.orders = await r.json()
            async def load_news(self):
                async with self.session.get(self.url + "/news") as r:
                    self.news = await r.json()
            async def load(self):
                await self.load_user()
                await self.load_orders()
                await self.load_news()
        async def main(session, url):
            await Page(session, url).load()
        """,
        "await self.load_user()",
        3,
        1,
    ),
    "three loops over services in try": (
        """
        async def main(session, urls):
            found = {}
            for url in urls:
                try:
                    async with session.get(url + "/info") as r:
                        found[url] = await r.json()
                except aiohttp.ClientError:
                    found[url] = None
            return found
        """,
        'async with session.get(url + "/info") as r:',
        4,
        4,
    ),
    "each in try": (
        """
        async def main(session, url):
            try:
                a = await session.get(url + "/a")
            except aiohttp.ClientError:
                a = None
            try:
                b = await session.get(url + "/b")
            except aiohttp.ClientError:
                b = None
            try:
                c = await session.get(url + "/c")
            except aiohttp.ClientError:
                c = None
            return a, b, c
        """,
        'a = await session.get(url + "/a")',
        3,
        1,
    ),
    "wrapper": (
        """
        import functools
        def traced(func):
            @functools.wraps(func)
            async def wrapper(*args, **kwargs):
                return await func(*args, **kwargs)
            return wrapper
        @traced
        async def main(session, url):
            a = await get(session, url + "/a")
            b = await get(session, url + "/b")
            c = await get(session, url + "/c")
        """,
        'a = await get(session, url + "/a")',
        3,
        1,
    ),
    "closure helper": (
        """
        async def main(session, url):
            base = url
            async def get(path):
                async with session.get(base + path) as r:
                    return await r.json()
            a = await get("/a")
            b = await get("/b")
            c = await get("/c")
            return a, b, c
        """,
        'a = await get("/a")',
        3,
        1,
    ),
    "pairs of names and functions": (
        """

        async def users(s, u): return await get(s, u + "/users")
        async def orders(s, u): return await get(s, u + "/orders")
        async def news(s, u): return await get(s, u + "/news")
        LOADERS = {"users": users, "orders": orders, "news": news}
        async def main(session, url):
            out = {}
            for name, load in LOADERS.items():
                out[name] = await load(session, url)
            return out
        """,
        "out[name] = await load(session, url)",
        3,
        1,
    ),
    "timeouts and continue": (
        """
        async def main(session, urls):
            out = []
            async with asyncio.timeout(5):
                for i, url in enumerate(urls):
                    r = await session.get(url + "/x")
                    if r.status != 200:
                        continue
                    print(end="")
                    out.append(await r.json())
            return out
        """,
        'r = await session.get(url + "/x")',
        4,
        4,
    ),
    "flags": (
        """

        async def main(session, url, a=True, b=True, c=True):
            if a:
                x = await get(session, url + "/a")
            if b:
                y = await get(session, url + "/b")
            if c:
                z = await get(session, url + "/c")
        """,
        'x = await get(session, url + "/a")',
        3,
        1,
    ),
    "composite steps": (
        """

        async def user(s, u):
            me = await get(s, u + "/me")
            return await get(s, f"{u}/users/{me['id']}")
        async def orders(s, u):
            a = await get(s, u + "/cart")
            return await get(s, f"{u}/orders/{a['id']}")
        async def main(session, url):
            a = await user(session, url)
            b = await orders(session, url)
            c = await get(session, url + "/news")
        """,
        "a = await user(session, url)",
        5,
        1,
    ),
    "query and two requests": (
        """

        import aiosqlite
        async def main(session, url):
            async with aiosqlite.connect(":memory:") as db:
                await db.execute("create table t (a)")
                a = await db.execute_fetchall("select a from t")
                b = await get(session, url + "/b")
                c = await get(session, url + "/c")
                return a, b, c
        """,
        'a = await db.execute_fetchall("select a from t")',
        3,
        1,
    ),
    "tested handlers": (
        """

        async def page(session, url):
            a = await get(session, url + "/a")
            b = await get(session, url + "/b")
            c = await get(session, url + "/c")
        async def main(session, url):
            await page(session, url)
            await page(session, url)
        """,
        'a = await get(session, url + "/a")',
        6,
        1,
    ),
    "retries": (
        """
        async def get(session, url):
            for attempt in range(3):
                async with session.get(url) as r:
                    if r.status == 200:
                        return await r.json()
                await asyncio.sleep(0.1)
        async def main(session, url):
            a = await get(session, url + "/a")
            b = await get(session, url + "/b")
            c = await get(session, url + "/c")
        """,
        'a = await get(session, url + "/a")',
        3,
        1,
    ),
    "rpc reads by post": (
        """
        async def call(session, url, method):
            async with session.post(f"{url}/rest/1/tok/{method}", json={}) as r:
                return await r.json()
        async def main(session, url):
            a = await call(session, url, "crm.status.list")
            b = await call(session, url, "user.get")
            c = await call(session, url, "crm.deal.fields")
            return a, b, c
        """,
        'a = await call(session, url, "crm.status.list")',
        3,
        1,
    ),
    "three phases in main": (
        """

        async def warm(session, url):
            await get(session, url + "/warm")
        async def slow(session, url):
            a = await get(session, url + "/a")
            b = await get(session, url + "/b")
            c = await get(session, url + "/c")
        async def fast(session, url):
            await asyncio.gather(get(session, url + "/d"), get(session, url + "/e"))
        async def main(session, url):
            await warm(session, url)
            await slow(session, url)
            await fast(session, url)
        """,
        'a = await get(session, url + "/a")',
        3,
        1,
    ),
    "nested loops of services": (
        """

        async def main(session, urls):
            for url in urls:
                for path in ("/a", "/b", "/c"):
                    await get(session, url + path)
        """,
        "await get(session, url + path)",
        6,
        2,
    ),
}

RIGHT = {
    "chain": (
        """
        async def main(session, url):
            u = await get(session, url + "/me")
            o = await get(session, url + f"/orders/{u['id']}")
            n = await get(session, url + f"/items/{o['id']}")
            m = await get(session, url + f"/stock/{n['id']}")
        """,
        1,
    ),
    "gather": (
        """
        async def main(session, url):
            return await asyncio.gather(*(get(session, f"{url}/{page}") for page in "abcd"))
        """,
        1,
    ),
    "taskgroup": (
        """
        async def main(session, url):
            async with asyncio.TaskGroup() as g:
                for p in "abcd": g.create_task(get(session, url + "/" + p))
        """,
        1,
    ),
    "loop with fallback return": (
        """
        async def main(session, urls):
            for url in urls:
                async with session.get(url + "/data") as r:
                    data = await r.json()
                if not data["ok"]:
                    return data
        """,
        5,
    ),
    "loop with sleep": (
        """
        async def main(session, urls):
            for url in urls:
                async with session.get(url + "/data") as r:
                    data = await r.json()
                await asyncio.sleep(0.005)
        """,
        5,
    ),
    "polling": (
        """
        async def main(session, url):
            for _ in range(5):
                async with session.get(url + "/job/1") as r:
                    if (await r.json())["next"]: return
                await asyncio.sleep(0.003)
        """,
        1,
    ),
    "writes in order": (
        """
        async def main(session, url):
            await session.post(url + "/carts", json={})
            await session.post(url + "/items", json={})
            await session.put(url + "/totals", json={})
            await session.delete(url + "/drafts")
        """,
        1,
    ),
    "read after write": (
        """
        async def main(session, url):
            await session.get(url + "/a")
            await session.get(url + "/b")
            await session.post(url + "/refresh")
            await session.get(url + "/c")
            await session.get(url + "/d")
        """,
        1,
    ),
    "semaphore bounded gather": (
        """
        async def main(session, url):
            sem = asyncio.Semaphore(2)
            async def one(p):
                async with sem:
                    async with session.get(f"{url}/{p}") as r:
                        return await r.json()
            return await asyncio.gather(*(one(p) for p in "abcdef"))
        """,
        1,
    ),
    "class with hidden token": (
        """
        class Api:
            def __init__(self, session, url):
                self.session, self.url, self.token = session, url, ""
            async def get(self, path):
                async with self.session.get(self.url + path, params={"t": self.token}) as r:
                    return await r.json()
            async def login(self):
                self.token = str((await self.get("/login"))["id"])
            async def load(self):
                await self.login()
                a = await self.get("/user")
                b = await self.get("/orders")
                return a, b
        async def main(session, url):
            await Api(session, url).load()
        """,
        1,
    ),
    "context passed along and filled": (
        """
        async def user(session, url, ctx):
            async with session.get(url + "/user") as r:
                ctx["user"] = await r.json()
        async def orders(session, url, ctx):
            async with session.get(url + f"/orders/{ctx['user']['id']}") as r:
                ctx["orders"] = await r.json()
        async def news(session, url, ctx):
            async with session.get(url + f"/news/{ctx['orders']['id']}") as r:
                ctx["news"] = await r.json()
        async def main(session, url):
            ctx = {}
            await user(session, url, ctx)
            await orders(session, url, ctx)
            await news(session, url, ctx)
        """,
        1,
    ),
    "header set from answer": (
        """
        async def main(session, url):
            a = await (await session.get(url + "/token")).json()
            session.headers["X"] = str(a["id"])
            b = await session.get(url + "/b")
            c = await session.get(url + "/c")
        """,
        1,
    ),
    "global token": (
        """
        TOKEN = None
        async def get(session, url):
            async with session.get(url, params={"t": str(TOKEN)}) as r:
                return await r.json()
        async def main(session, url):
            global TOKEN
            TOKEN = (await get(session, url + "/token"))["id"]
            b = await get(session, url + "/b")
            c = await get(session, url + "/c")
        """,
        1,
    ),
    "n+1 is PK102's": (
        """
        async def main(session, url):
            for n in range(6):
                async with session.get(f"{url}/users/{n}") as r: await r.json()
        """,
        1,
    ),
    "try that decides": (
        """
        async def main(session, url):
            try:
                a = await session.get(url + "/a")
            except aiohttp.ClientError:
                return None
            b = await session.get(url + "/b")
            c = await session.get(url + "/c")
        """,
        1,
    ),
    "locked": (
        """
        lock = asyncio.Lock()
        async def get(session, url):
            async with lock:
                async with session.get(url) as r:
                    return await r.json()
        async def main(session, url):
            a = await get(session, url + "/a")
            b = await get(session, url + "/b")
            c = await get(session, url + "/c")
        """,
        1,
    ),
    "generator streams": (
        """
        async def pages(session, url):
            yield await session.get(url + "/a")
            yield await session.get(url + "/b")
            yield await session.get(url + "/c")
        async def main(session, url):
            async for p in pages(session, url):
                pass
        """,
        1,
    ),
    "queue between": (
        """
        async def main(session, url):
            q = asyncio.Queue()
            asyncio.get_running_loop().call_later(0.004, q.put_nowait, 1)
            asyncio.get_running_loop().call_later(0.012, q.put_nowait, 1)
            a = await session.get(url + "/a")
            await q.get()
            b = await session.get(url + "/b")
            await q.get()
            c = await session.get(url + "/c")
        """,
        1,
    ),
    "dashboards for users are a pattern": (
        """

        async def main(session, url):
            for n in range(5):
                a = await get(session, f"{url}/users/{n}")
                b = await get(session, f"{url}/orders/{n}")
                c = await get(session, f"{url}/news/{n}")
        """,
        1,
    ),
    "enough found": (
        """
        async def main(session, urls):
            out = []
            for url in urls:
                r = await session.get(url + "/x")
                out += (await r.json())["ids"]
                if len(out) >= 100:
                    break
            return out
        """,
        4,
    ),
    "two chains of three": (
        """

        async def main(session, url):
            a = await get(session, url + "/a")
            a2 = await get(session, f"{url}/a2/{a['id']}")
            b = await get(session, url + "/b")
            b2 = await get(session, f"{url}/b2/{b['id']}")
        """,
        1,
    ),
    "sql: one aiosqlite connection": (
        """
        import aiosqlite
        async def main(session, url):
            async with aiosqlite.connect(":memory:") as db:
                a = await db.execute_fetchall("select 1 as a")
                b = await db.execute_fetchall("select 2 as b, 3")
                c = await db.execute_fetchall("select 3 as c, 4, 5")
        """,
        1,
    ),
    "sqlalchemy session": (
        """
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine, AsyncSession
        async def main(session, url):
            engine = create_async_engine("sqlite+aiosqlite://")
            async with AsyncSession(engine) as s:
                a = await s.execute(text("select 1"))
                b = await s.execute(text("select 2, 3"))
                c = await s.execute(text("select 3, 4, 5"))
            await engine.dispose()
        """,
        1,
    ),
    "sync requests in a coroutine": (
        """
        import requests
        async def main(session, url):
            loop = asyncio.get_running_loop()
            a = await loop.run_in_executor(None, requests.get, url + "/a")
            b = await loop.run_in_executor(None, requests.get, url + "/b")
            c = await loop.run_in_executor(None, requests.get, url + "/c")
        """,
        1,
    ),
    "rpc writes by post": (
        """
        async def call(session, url, method):
            async with session.post(f"{url}/rest/1/tok/{method}", json={}) as r:
                return await r.json()
        async def main(session, url):
            a = await call(session, url, "crm.deal.add")
            b = await call(session, url, "crm.contact.add")
            c = await call(session, url, "crm.company.add")
        """,
        1,
    ),
    "services by workers": (
        """
        async def worker(session, todo, found):
            for url in todo:
                async with session.get(url + "/x") as r:
                    found.append(await r.json())
        async def main(session, urls):
            todo, found = iter(urls), []
            await asyncio.gather(*(worker(session, todo, found) for _ in range(2)))
        """,
        8,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_programs_that_wait_for_one_after_another(tmp_path, name):
    text, line, count, hosts = WRONG[name]
    assert found(tmp_path, text, "PK201", hosts) == [(line, count)]


@pytest.mark.parametrize("name", RIGHT)
def test_programs_that_are_right_or_another_rules_matter(tmp_path, name):
    text, hosts = RIGHT[name]
    assert found(tmp_path, text, "PK201", hosts) == []


PROGRAM = """\
async def page(session):
    a = await load(session, "a")
    b = await load(session, "b")
    c = await load(session, "c")
    return a, b, c


async def services(hosts):
    for host in hosts:
        await host.get()


async def load(session, name):
    return await session.get(name)
"""
LOAD = Frame("app.py", 14, "load")
LINES = [Frame("app.py", line, "page") for line in (2, 3, 4)]
LOOP = Frame("app.py", 10, "services")


def view(tmp_path, spans, *, limits=None, hosts=(), text=PROGRAM):
    (tmp_path / "app.py").write_text(text)
    return View(trace_of(spans, hosts), limits, Sources(str(tmp_path)))


def pages(*, durations_ms=(100, 300, 200), start_ms=0, gap_ms=1, task=1, **facts):
    """What one run of ``page`` asks for."""
    spans = []
    for line, name, duration in zip(LINES, "abc", durations_ms, strict=True):
        url = f"http://h/{name}"
        made = request(start_ms * MS, duration * MS, url=url, method="GET", path=(LOAD, line), **facts)
        made.task = task
        spans.append(made)
        start_ms += duration + gap_ms
    return spans


def test_all_that_a_finding_says(tmp_path):
    (finding,) = check(view(tmp_path, pages()))
    assert (finding.rule, finding.name) == ("PK201", "serial-awaits")
    assert finding.template == "GET h/a, GET h/b, GET h/c"
    assert (finding.site, finding.path) == (LINES[0], (LOAD, LINES[0]))
    assert (finding.count, finding.spent_ns, finding.saving_ns) == (3, 600 * MS, 300 * MS)
    assert finding.basis == "3 one after another take 600 ms; together 300 ms: as long as the longest"
    assert finding.evidence == [
        "3 awaits one after another in page, lines 2, 3, 4",
        "none of them uses what another one brings",
    ]
    assert finding.fix == (
        "Start these calls together (load) and wait for all: asyncio.gather or asyncio.TaskGroup."
    )
    assert finding.span_ids == [1, 2, 3]
    assert finding.place == ""


def test_many_get_a_bound(tmp_path):
    spans = [
        request(n * 10 * MS, 10 * MS, url=f"http://h{n}/x", method="GET", path=(LOOP,)) for n in range(8)
    ]
    (finding,) = check(view(tmp_path, spans))
    assert (finding.count, finding.saving_ns) == (8, 70 * MS)
    assert finding.evidence[0] == "8 awaits one after another in services, in a loop, line 10"
    assert finding.fix.startswith(
        "Start these calls together (GET h0/x, GET h1/x, GET h2/x, GET h3/x and 4 more)"
    )
    assert finding.fix.endswith("5 at a time behind an asyncio.Semaphore.")


def test_several_runs_are_one_finding(tmp_path):
    spans = [*pages(task=1), *pages(task=2, start_ms=50)]
    (finding,) = check(view(tmp_path, spans))
    assert (finding.count, finding.saving_ns) == (6, 600 * MS)
    assert finding.basis.endswith("; 2 times, 600 ms in all")


def test_what_is_called_three_times_from_one_line_is_a_loop(tmp_path):
    spans = [made for n in range(3) for made in pages(start_ms=1_000 * n)]
    assert check(view(tmp_path, spans)) == []
    by_scope = []
    for n in range(3):
        entry = span("request", 1_000 * n * MS, 900 * MS, "GET /page", entry=True)
        by_scope.append(entry)
        for made in pages(start_ms=1_000 * n):
            made.parent = entry
            by_scope.append(made)
    (finding,) = check(view(tmp_path, by_scope))
    assert finding.count == 9


def test_the_limit_is_a_setting(tmp_path):
    assert check(view(tmp_path, pages(), limits=Limits(min_serial=4))) == []
    two = pages()[:2]
    assert check(view(tmp_path, two)) == []
    assert len(check(view(tmp_path, two, limits=Limits(min_serial=2)))) == 1
    assert check(view(tmp_path, two[:1], limits=Limits(min_serial=1))) == []


def test_a_rate_limit_that_leaves_nothing_to_save(tmp_path):
    limits = [HostFacts("h", burst=1, per_second=2.0)]
    assert check(view(tmp_path, pages(), hosts=limits)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "def page(:\n",
        PROGRAM.replace("page", "other"),
        PROGRAM.replace("async def page", "\n\n\nasync def page"),
    ],
    ids=["empty", "broken", "renamed", "moved"],
)
def test_without_the_source_it_is_silent(tmp_path, text):
    assert check(view(tmp_path, pages(), text=text)) == []


def test_outside_of_tasks_it_is_silent(tmp_path):
    assert check(view(tmp_path, pages(task=0))) == []


def test_calls_that_overlap_are_not_serial(tmp_path):
    assert check(view(tmp_path, pages(gap_ms=-1))) == []


def test_calls_of_different_tasks_are_not_serial(tmp_path):
    spans = pages()
    for number, made in enumerate(spans):
        made.task = number + 1
    assert check(view(tmp_path, spans)) == []


def happening(kind, at_ms, name="", **attrs):
    found = span(kind, at_ms * MS, MS, name, **attrs)
    found.task = 1
    return found


def sent(at_ms, **facts):
    return request(at_ms * MS, MS, url="http://h/d", path=(LINES[0],), **facts)


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (happening("wait", 105, "asyncio.sleep"), 0),
        (happening("wait", 105, "asyncio.Queue.get"), 0),
        (happening("span", 105, "parse"), 1),
        (happening("wait", 50, "asyncio.Lock.acquire"), 1),
        (happening("wait", 2_000, "asyncio.sleep"), 1),
        (sent(105, method="POST"), 0),
        (sent(105, method="DELETE"), 0),
        (sent(105, method="POST", rpc="crm.lead.add"), 0),
        (sent(105, method="POST", rpc="crm.lead.list"), 1),
        (sent(105, batch=5), 0),
    ],
)
def test_what_happens_between(tmp_path, between, expected):
    assert len(check(view(tmp_path, [*pages(gap_ms=10), between]))) == expected


def test_retries_and_redirects_are_no_calls_of_their_own(tmp_path):
    for name in ("retry", "redirect"):
        spans = pages()
        spans[1].attrs[name] = 1
        assert check(view(tmp_path, spans)) == []


def selects(connections, sql="SELECT name FROM {}", **facts):
    spans = []
    for n, (line, connection) in enumerate(zip(LINES, connections, strict=True)):
        made = query(
            n * 10 * MS, 9 * MS, sql.format("abc"[n]), (), path=(LOAD, line), connection=connection, **facts
        )
        made.task = 1
        spans.append(made)
    return spans


def test_queries_on_connections_of_their_own(tmp_path):
    (finding,) = check(view(tmp_path, selects([1, 2, 3])))
    assert (finding.count, finding.saving_ns) == (3, 18 * MS)
    assert finding.template == "SELECT name FROM a, SELECT name FROM b, SELECT name FROM c"
    assert len(check(view(tmp_path, selects([1, 2, 3], transaction=True)))) == 1


@pytest.mark.parametrize(
    "spans",
    [
        selects([1, 1, 1]),
        selects([1, 2, 1]),
        selects([1, 1, 1], transaction=True),
        selects([1, 2, 3], "SELECT name FROM {} FOR UPDATE"),
        selects([1, 2, 3], "SELECT name FROM {} FOR NO KEY UPDATE SKIP LOCKED"),
        selects([1, 2, 3], "INSERT INTO {} VALUES (1)"),
        selects([1, 2, 3], "CALL {}()"),
        selects([1, 2, 3], "GET {}", system="redis"),
        selects([1, 2, 3], catalogue=True),
    ],
    ids=["one", "two", "transaction", "locks", "takes", "writes", "procedures", "redis", "catalogue"],
)
def test_queries_that_cannot_overlap(tmp_path, spans):
    assert check(view(tmp_path, spans)) == []


def test_a_loop_that_tasks_share_is_bounded_and_not_serial(tmp_path):
    spans = []
    for n in range(8):
        made = request(n // 2 * 10 * MS, 9 * MS, url=f"http://h{n}/x", method="GET", path=(LOOP,))
        made.task = 1 + n % 2
        spans.append(made)
    assert check(view(tmp_path, spans)) == []
    for made in spans:
        made.task = 1
    assert check(view(tmp_path, spans[::2])) != []


def test_the_trace_is_left_as_it_was(tmp_path):
    seen = view(tmp_path, pages())
    before = [(made.id, dict(made.attrs)) for made in seen.trace.spans]
    check(seen)
    assert [(made.id, dict(made.attrs)) for made in seen.trace.spans] == before
