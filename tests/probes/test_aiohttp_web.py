import asyncio

from aiohttp import ClientSession, web

import perfkit
from perfkit.tracing import enter, leave


async def broken(request):
    raise ValueError("no")


async def user(request):
    leave(enter("query", "SELECT a FROM t WHERE id = ?", {"sql": "SELECT a FROM t WHERE id = ?"}, None))
    if request.match_info["name"] == "nobody":
        raise web.HTTPNotFound
    return web.json_response({"name": request.match_info["name"]})


async def ask(names):
    app = web.Application()
    app.router.add_get("/users/{name}", user)
    app.router.add_get("/broken", broken)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with ClientSession() as session:
            for name in names:
                async with session.get(f"http://127.0.0.1:{port}/{name}") as answer:
                    await answer.read()
    finally:
        await runner.cleanup()


def test_a_request_that_is_answered_is_a_span_of_its_own():
    with perfkit.record() as rec:
        asyncio.run(ask(["users/ann", "users/nobody"]))
    answered = [span for span in rec.trace.spans if span.attrs.get("entry")]
    assert [(s.name, s.attrs["status"], s.error) for s in answered] == [
        ("GET /users/{name}", 200, None),
        ("GET /users/{name}", 404, None),
    ]
    assert [s.parent for s in rec.trace.of_kind("query")] == [s.id for s in answered]


def test_one_query_in_each_request_is_no_loop_for_who_answers():
    with perfkit.record() as rec:
        asyncio.run(ask([f"users/{name}" for name in ("ann", "bob", "eve", "dan", "kim")]))
    assert [f.rule for f in rec.findings() if f.rule == "PK101"] == []
    perfkit.uninstrument()
    assert web.Application._handle.__module__ == "aiohttp.web_app"
    assert not hasattr(web.Application._handle, "__wrapped__")


def test_a_request_that_fails_has_its_error(caplog):
    with perfkit.record() as rec:
        asyncio.run(ask(["broken"]))
    (answered,) = [span for span in rec.trace.spans if span.attrs.get("entry")]
    assert (answered.name, answered.error) == ("GET /broken", "ValueError")
