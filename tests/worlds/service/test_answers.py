"""What handlers see and give back, and what goes wrong: the same in virtual and in wall time."""

import asyncio
import datetime as dt

import aiohttp
import httpx
import pytest

from perfkit.errors import UsageError, WorldError
from perfkit.sim import Network, run
from perfkit.worlds import http
from perfkit.worlds.service import Response
from perfkit.worlds.serving import serving
from tests.worlds.service.support import client, get, raw, simulate, started, wall

CLOCKS = pytest.mark.parametrize("go", [simulate, wall], ids=["virtual", "wall"])


def make_api(**options):
    api = http(rtt_ms=0, **options)

    @api.state
    def jobs(size, seed):
        return {number: seed * number for number in range(size)}

    @api.get("/jobs/{id}")
    def job(request):
        number = int(request.path["id"])
        if number not in request.state:
            return 404, {"error": "no such job"}
        return {"id": number, "value": request.state[number], "of": request.size, "seed": request.seed}

    @api.route("PUT", "/jobs/{id}")
    def put(request):
        request.state[int(request.path["id"])] = request.json["value"]
        return Response(status=204)

    @api.post("/echo")
    async def echo(request):
        return {
            "method": request.method,
            "body": request.body.decode(),
            "type": request.headers.get("content-type"),
            "query": request.query,
            "queries": request.queries,
            "number": request.number,
        }

    @api.get("/plain")
    def plain(request):
        return Response(b"\x00\xff", status=203, headers={"X-A": "1"}, content_type="image/png")

    @api.get("/day")
    def day(request):
        return dt.date(2026, 1, 5)

    @api.get("/none")
    def none(request):
        return None

    @api.post("/ids")
    def ids(request):
        return [job["id"] for job in request.json]

    return api


@CLOCKS
def test_handlers_see_the_request_and_the_state(go):
    async def main(access, counters):
        async with client() as session:
            assert await get(session, access.url + "jobs/2") == (
                200,
                {"id": 2, "value": 6, "of": 3, "seed": 3},
            )
            assert await get(session, access.url + "jobs/9") == (404, {"error": "no such job"})
            async with session.put(access.url + "jobs/9", json={"value": 1}) as answer:
                assert (answer.status, await answer.read()) == (204, b"")
                assert "Content-Length" not in answer.headers
            assert (await get(session, access.url + "jobs/9"))[1]["value"] == 1
            url = access.url + "echo?a=1&a=2&b=&c=%C3%BC"
            async with session.post(url, data=b"hi", headers={"Content-Type": "text/x"}) as answer:
                assert await answer.json() == {
                    "method": "POST",
                    "body": "hi",
                    "type": "text/x",
                    "query": {"a": "2", "b": "", "c": "ü"},
                    "queries": {"a": ["1", "2"], "b": [""], "c": ["ü"]},
                    "number": 5,
                }
        return counters()

    assert go(make_api(), main, size=3, seed=3) == {
        "requests": 5,
        "refused": 0,
        "errors": 0,
        "peak_busy": 1,
        "GET /jobs/{id}": 3,
        "POST /echo": 1,
        "PUT /jobs/{id}": 1,
    }


@CLOCKS
def test_each_start_has_a_state_of_its_own(go):
    api = make_api()

    async def change(access, counters):
        async with client() as session:
            before = await get(session, access.url + "jobs/0")
            await session.put(access.url + "jobs/0", json={"value": 77})
            return before[1]["value"]

    assert [go(api, change) for _ in range(2)] == [0, 0]


@CLOCKS
def test_answers_of_every_kind(go):
    async def main(access, counters):
        async with client() as session:
            async with session.get(access.url + "plain") as answer:
                assert (answer.status, await answer.read()) == (203, b"\x00\xff")
                assert (answer.headers["X-A"], answer.content_type) == ("1", "image/png")
            async with session.head(access.url + "plain") as answer:
                assert (answer.headers["Content-Length"], await answer.read()) == ("2", b"")
            assert await get(session, access.url + "day") == (200, "2026-01-05")
            assert await get(session, access.url + "none") == (200, None)
            status, body = await get(session, access.url + "nothing")
            assert (status, body) == (404, {"error": "this service has no route for /nothing"})
            async with session.post(access.url + "plain") as answer:
                assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
                assert await answer.json() == {"error": "/plain knows GET, HEAD, not POST"}
            async with session.post(access.url + "ids", data=b"{") as answer:
                assert answer.status == 400
                assert (await answer.json())["error"].startswith("the body is no JSON: ")
        return counters()["errors"]

    assert go(make_api(), main) == 0


@CLOCKS
def test_bodies_in_chunks_and_on_demand(go):
    async def parts():
        yield b"a" * 100_000
        yield b"b" * 100_000

    async def main(access, counters):
        async with client() as session:
            async with session.post(access.url + "echo", data=parts()) as answer:
                assert len((await answer.json())["body"]) == 200_000
            async with session.post(access.url + "echo", data=b"x" * 200_000, expect100=True) as answer:
                assert len((await answer.json())["body"]) == 200_000
        async with httpx.AsyncClient() as session:
            answer = await session.post(access.url + "echo", content=parts())
            assert len(answer.json()["body"]) == 200_000

    go(make_api(), main)


@CLOCKS
def test_raw_bytes(go):
    async def main(access, counters):
        close = b"GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = await raw(access, b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n" + close)
        assert answer.count(b"HTTP/1.1 200 OK") == answer.count(b"\r\n\r\nnull") == 2
        assert answer.count(b"Connection: close") == 1
        answer = await raw(access, b"GET /none HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")
        answer = await raw(access, b"\x16\x03\x01 nonsense\r\n\r\n" + close)
        assert answer.startswith(b"HTTP/1.1 400 Bad Request")
        assert b"Connection: close" in answer
        assert answer.endswith(b'is no request line"}')
        return counters()["bad_requests"]

    assert go(make_api(), main) == 1


def failing_api():
    api = http(rtt_ms=0, workers=1)

    class Broken(Exception):  # noqa: N818
        def __str__(self):
            raise RuntimeError

    @api.get("/sync")
    def sync(request):
        raise ValueError("no")

    @api.get("/async")
    async def later(request):
        await asyncio.sleep(0)
        raise LookupError("nothing")

    @api.get("/unsendable")
    def unsendable(request):
        return object()

    @api.get("/status")
    def status(request):
        return 99, {}

    @api.get("/header")
    def header(request):
        return Response({}, headers={"X-A": "a\r\nX-B: b"})

    @api.get("/broken")
    def broken(request):
        raise Broken

    @api.get("/cancels")
    async def cancels(request):
        raise asyncio.CancelledError

    api.get("/fine")(lambda request: "fine")
    return api


@CLOCKS
def test_a_handler_that_raises_is_told_of(go):
    async def main(access, counters):
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        answers = []
        async with client() as session:
            for path in ("sync", "sync", "async", "unsendable", "status", "header", "broken"):
                async with session.get(access.url + path) as answer:
                    assert answer.status == 500
                    answers.append((answer.headers["X-Error"], (await answer.json())["error"]))
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await get(session, access.url + "cancels")
            assert await get(session, access.url + "fine") == (200, "fine")  # the worker is free again
        return answers, [str(context["message"]) for context in told], counters()

    answers, told, counters = go(failing_api(), main)
    assert answers[:3] == [
        ("ValueError", "ValueError: no"),
        ("ValueError", "ValueError: no"),
        ("LookupError", "LookupError: nothing"),
    ]
    assert [kind for kind, _ in answers[3:]] == ["TypeError", "UsageError", "UsageError", "Broken"]
    assert answers[-1][1] == "Broken: (its message cannot be shown)"
    assert told[0] == "the handler of GET /sync raised ValueError; the client got status 500"
    assert len(told) == 6
    assert (counters["errors"], counters["errors: ValueError"], counters["errors: UsageError"]) == (7, 2, 2)


@CLOCKS
def test_a_service_stops_under_whatever_it_is_doing(go):
    api, ended = http(rtt_ms=0), []

    @api.get("/long")
    async def long(request):
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append(request.number)

    api.get("/slow", service_ms=1_000_000)(lambda request: 1)

    async def around(network=None):
        await stopped_under(api, ["long", "slow"], ["GET /long", "GET /slow"], network)

    on(go, around)
    assert len(ended) == 1


async def stopped_under(api, paths, counted, network):
    """Stop the service when it has counted these requests; their clients are disconnected."""

    async def lost(url):
        with pytest.raises(aiohttp.ClientError):
            await get(session, url)

    session = client()
    async with started(api, network=network) as (access, counters):
        waiting = [asyncio.create_task(lost(access.url + path)) for path in paths]
        while not all(counters().get(name) for name in counted):
            await asyncio.sleep(0.001)
    await asyncio.gather(*waiting)
    await session.close()


def on(go, around):
    if go is wall:
        asyncio.run(around())
    else:
        network = Network()
        run(lambda: around(network), network=network)


@CLOCKS
def test_what_waits_for_a_worker_is_not_begun_when_the_service_stops(go):
    api, begun = http(rtt_ms=0, workers=1), []

    @api.get("/first")
    async def first(request):
        begun.append(1)
        await asyncio.sleep(1000)

    @api.get("/second", service_ms=1)
    async def second(request):
        begun.append(2)
        await asyncio.sleep(1000)

    async def around(network=None):
        await stopped_under(api, ["first", "second"], ["GET /first", "GET /second"], network)

    on(go, around)
    assert len(begun) == 1


def test_a_handler_that_was_begun_in_the_last_moment_leaves_nothing_behind():
    api = http(rtt_ms=0)

    @api.get("/")
    async def never(request):
        await asyncio.sleep(1000)

    async def main():
        async with api.start(1, 1, None) as running:
            writer = (await asyncio.open_connection(*running.addresses[""][7:-1].split(":")))[1]
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while not running.counters().get("GET /"):
                await asyncio.sleep(0)
        writer.close()

    asyncio.run(main())


def test_what_is_still_on_its_way_is_not_begun_either():
    api, begun = http(rtt_ms=200), []
    api.get("/")(begun.append)
    asyncio.run(stopped_under(api, [""], ["requests"], None))
    assert begun == []


def test_two_services_need_two_names():
    async def main():
        async with started(http(), network=network), started(http(host="b.test"), network=network):
            with pytest.raises(WorldError, match=r"cannot serve on service\.test:80.*its own host="):
                async with started(http(), network=network):
                    pass

    network = Network()
    run(main, network=network)


@CLOCKS
def test_a_path_before_all_routes(go):
    api = http(rtt_ms=0, path="/api/v1/")
    api.get("/jobs")(lambda request: request.target)

    async def main(access, counters):
        assert access.url.endswith("/api/v1/")
        async with client() as session:
            return await get(session, access.url + "jobs")

    assert go(api, main) == (200, "/api/v1/jobs")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: http(rtt_ms=-1), "rtt_ms must be 0 or more, not -1"),
        (lambda: http(rtt_ms=1, link=None, worker=2), "Did you mean 'workers'"),
        (lambda: http(path="/api"), "begin and end it with a slash"),
        (lambda: http().get("jobs")(len), "begins with a slash"),
        (lambda: http().get("/jobs")(3), "must be a function, not 3"),
        (lambda: http().get("/jobs", service=1)(len), "is no distribution"),
        (lambda: make_api().state(len), "two factories"),
        (lambda: http().state(started.__wrapped__) and http().state(3), "plain function"),
        (lambda: Response(status=100), "status=100"),
        (lambda: Response(headers={"Content-Length": "3"}), "is set by the service"),
    ],
)
def test_wrong_declarations(wrong, says):
    with pytest.raises(UsageError, match=says):
        wrong()


def served():
    return make_api(), 5, 2


def test_a_service_runs_in_a_process_of_its_own():
    async def main(url):
        async with client() as session:
            return await get(session, url + "jobs/4")

    with serving(served) as addresses:
        assert asyncio.run(main(addresses[""])) == (200, {"id": 4, "value": 8, "of": 5, "seed": 2})
