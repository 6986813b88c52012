"""Programs that are run against real servers, and traces made by hand."""

import textwrap

import pytest

from perfkit.model import Frame, HostFacts
from perfkit.rules.head_of_line import check
from perfkit.rules.limits import Limits
from perfkit.rules.sources import Sources
from perfkit.rules.view import View

from .programs import found
from .traces import MS, request, span, trace_of

SEND = """
async def send(session, url, commands):
    body = {"halt": 0, "cmd": {f"c{n}": command for n, command in enumerate(commands)}}
    async with session.post(url + "/rest/1/tok/batch", json=body) as r:
        return await r.json()

def lists(count):
    return [f"crm.activity.list?filter[OWNER_ID]={n}" for n in range(count)]

"""

WRONG = {
    "chunks of a list": (
        """
        async def main(session, url):
            commands, found = lists(200), []
            for start in range(0, 200, 50):
                found += await send(session, url, commands[start : start + 50])
        """,
        "found += await send(session, url, commands[start : start + 50])",
        4,
    ),
    "a worker on a queue that is full": (
        """
        async def worker(session, url, queue):
            while not queue.empty():
                part = [queue.get_nowait() for _ in range(min(10, queue.qsize()))]
                await send(session, url, part)

        async def main(session, url):
            queue = asyncio.Queue()
            for n in range(50):
                queue.put_nowait(f"telephony.externalcall.finish?CALL_ID={n}")
            await worker(session, url, queue)
        """,
        "await send(session, url, part)",
        5,
    ),
    "a client that sends again what was refused": (
        """
        class Client:
            def __init__(self, session, url):
                self.session, self.url = session, url

            async def call(self, method, params):
                pause = 0.5
                while True:
                    async with self.session.post(self.url + method, json=params) as answer:
                        if answer.status != 503:
                            answer.raise_for_status()
                            return await answer.json()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 8.0)

            async def batch(self, commands):
                body = {"halt": 0, "cmd": {f"c{n}": c for n, c in enumerate(commands)}}
                return (await self.call("batch", body))["result"]

        async def main(session, url):
            client, rows = Client(session, url + "/rest/1/tok/"), []
            commands = lists(200)
            for start in range(0, 200, 50):
                for page in await client.batch(commands[start : start + 50]):
                    rows += page
        """,
        "for page in await client.batch(commands[start : start + 50]):",
        4,
    ),
}

RIGHT = {
    "a cursor": """
        async def main(session, url):
            last = 0
            for _ in range(5):
                commands = [f"crm.lead.list?filter[>ID]={last}&n={n}" for n in range(5)]
                answer = await send(session, url, commands)
                last = answer["id"]
        """,
    "a cursor in the client": """
        async def pages(session, url, command):
            start = 0
            while True:
                rows = await send(session, url, [f"{command}?start={start}"])
                start += 50
                if start >= 250 or not rows["ids"]:
                    return

        async def main(session, url):
            for command in ("crm.lead.list", "crm.deal.list"):
                await pages(session, url, command)
        """,
    "an error that ends it": """
        async def main(session, url):
            for part in range(5):
                answer = await send(session, url, [f"crm.lead.update?id={part}{n}" for n in range(5)])
                if not answer["ok"]:
                    break
        """,
    "sent when there is something to send": """
        async def main(session, url):
            for part in range(5):
                await asyncio.sleep(0.003)
                await send(session, url, [f"crm.lead.update?id={part}{n}" for n in range(5)])
        """,
    "together": """
        async def main(session, url):
            parts = [[f"crm.lead.list?id={part}{n}" for n in range(5)] for part in range(5)]
            await asyncio.gather(*(send(session, url, part) for part in parts))
        """,
    "several workers": """
        async def worker(session, url, queue):
            while not queue.empty():
                part = [queue.get_nowait() for _ in range(min(10, queue.qsize()))]
                await send(session, url, part)

        async def main(session, url):
            queue = asyncio.Queue()
            for command in lists(150):
                queue.put_nowait(command)
            await asyncio.gather(*(worker(session, url, queue) for _ in range(3)))
        """,
    "lists cut into chunks": """
        async def main(session, url):
            for start in range(0, 100, 20):
                ids = list(range(start, start + 20))
                async with session.post(url + "/rest/1/tok/crm.lead.list", json={"filter": {"ID": ids}}) as r:
                    await r.json()
        """,
}


@pytest.mark.parametrize("name", WRONG)
def test_batches_that_wait_for_batches(tmp_path, name):
    text, line, count = WRONG[name]
    assert found(tmp_path, SEND + textwrap.dedent(text), "PK203") == [(line, count)]


@pytest.mark.parametrize("name", RIGHT)
def test_batches_that_are_right(tmp_path, name):
    assert found(tmp_path, SEND + textwrap.dedent(RIGHT[name]), "PK203") == []


PROGRAM = """\
async def send_all(session, parts):
    for part in parts:
        await send(session, part)


async def send(session, part):
    return await session.post(part)
"""
PATH = (Frame("app.py", 7, "send"), Frame("app.py", 3, "send_all"))
READING, WRITING = "batch(crm.lead.list)", "batch(crm.lead.list,crm.lead.update)"


def view(tmp_path, spans, *, limits=None, hosts=(), text=PROGRAM):
    (tmp_path / "app.py").write_text(text)
    return View(trace_of(spans, hosts), limits, Sources(str(tmp_path)))


def batches(count, *, duration_ms=100, gap_ms=1, body=WRITING, **facts):
    spans = []
    for n in range(count):
        start = n * (duration_ms + gap_ms) * MS
        made = request(start, duration_ms * MS, url="http://h/rest/1/tok/batch", path=PATH, batch=50, **facts)
        made.attrs["body"] = body
        spans.append(made)
    return spans


def test_all_that_a_finding_says(tmp_path):
    (finding,) = check(view(tmp_path, batches(5)))
    assert (finding.rule, finding.name) == ("PK203", "head-of-line")
    assert finding.template == "POST h/rest/{user}/{token}/batch"
    assert (finding.site, finding.path) == (PATH[1], PATH)
    assert (finding.count, finding.spent_ns, finding.saving_ns) == (5, 500 * MS, 400 * MS)
    assert finding.basis == "5 one after another take 500 ms; together 100 ms: as long as the longest"
    assert finding.evidence == [
        "5 batches with 250 commands, each sent when the one before was answered",
        "the last of 5 waited 404 ms until it was sent",
        "the loop uses nothing of one answer in the next batch",
    ]
    assert finding.span_ids == [1, 2, 3, 4, 5]


def test_commands_that_write_are_kept_in_order(tmp_path):
    (writing,), (reading,) = (check(view(tmp_path, batches(5, body=body))) for body in (WRITING, READING))
    assert reading.fix == (
        "Send up to 5 of these batches at a time "
        "(asyncio.gather or an asyncio.TaskGroup, behind an asyncio.Semaphore)."
    )
    assert writing.fix.startswith(reading.fix.removesuffix("."))
    assert "keep commands about the same item in order" in writing.fix


def test_five_at_a_time(tmp_path):
    (finding,) = check(view(tmp_path, batches(40)))
    assert finding.saving_ns == 3200 * MS


def test_the_limit_is_a_setting(tmp_path):
    assert check(view(tmp_path, batches(2))) == []
    assert len(check(view(tmp_path, batches(2), limits=Limits(min_batches=2)))) == 1
    assert check(view(tmp_path, batches(4), limits=Limits(min_batches=5))) == []


def test_a_rate_limit_that_leaves_nothing_to_save(tmp_path):
    slow, fast = (HostFacts("h", burst=1, per_second=rate) for rate in (2.0, 20.0))
    assert check(view(tmp_path, batches(5), hosts=[slow])) == []
    (finding,) = check(view(tmp_path, batches(5), hosts=[fast]))
    assert finding.saving_ns == 300 * MS
    assert "rate limit of h" in finding.basis


@pytest.mark.parametrize("text", ["", "for (", PROGRAM.replace("for part", "async for part")])
def test_without_a_loop_that_can_be_read_it_is_silent(tmp_path, text):
    assert check(view(tmp_path, batches(5), text=text)) == []


def other_host(span):
    span.attrs["host"] = "other"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda span: span.attrs.update(retry=1), 4),
        (lambda span: span.attrs.update(redirect=1), 4),
        (lambda span: span.attrs.update(status=503), 4),
        (lambda span: span.attrs.pop("batch"), 4),
        (other_host, 4),
        (lambda span: setattr(span, "path", ()), 4),
        (lambda span: setattr(span, "task", 0), 4),
        (lambda span: setattr(span, "task", 2), 4),
    ],
    ids=["retry", "redirect", "refused", "no batch", "another host", "no path", "no task", "another task"],
)
def test_what_is_no_batch_of_the_row(tmp_path, change, expected):
    spans = batches(5)
    change(spans[4])
    (finding,) = check(view(tmp_path, spans))
    assert finding.count == expected


def test_tasks_that_send_at_once_are_not_held_up(tmp_path):
    spans = batches(8)
    for n, made in enumerate(spans):
        made.task = 1 + n % 2
    assert [finding.count for finding in check(view(tmp_path, spans))] == [4, 4]
    for n, made in enumerate(spans):
        made.start_ns, made.end_ns = n // 2 * 100 * MS, n // 2 * 100 * MS + 90 * MS
    assert check(view(tmp_path, spans)) == []


def test_a_worker_that_waits_for_work_waits_for_no_batch(tmp_path):
    spans = batches(6, gap_ms=10)
    wait = span("wait", 305 * MS, MS, "asyncio.Queue.get")
    wait.task = 1
    wait.start_ns = spans[3].start_ns - 5 * MS
    (finding,) = check(view(tmp_path, [*spans, wait]))
    assert finding.count == 6
    assert finding.basis.endswith("; 2 times, 400 ms in all")
    assert "the last of 3 waited 220 ms until it was sent" in finding.evidence
    wait.start_ns = spans[2].start_ns - 5 * MS
    (finding,) = check(view(tmp_path, [*spans[:5], wait], limits=Limits(min_batches=3)))
    assert finding.count == 3
