import asyncio
import contextlib
import signal
import socket
import subprocess
import sys

import aiohttp
import pytest
from aiohttp import web

from perfkit.cli import serve_report
from perfkit.cli.serve_report import application
from perfkit.report.index.site import Site
from tests.browser import browser_page, needs_browser
from tests.report.index.stored import run_of, store


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.json").write_text("secret")
    return store(tmp_path / "reports", run_of(1), run_of(2))


@contextlib.asynccontextmanager
async def served(folder, host="127.0.0.1"):
    """The port of a server of ``folder`` that believes to listen on ``host``."""
    runner = web.AppRunner(application(Site(folder), host))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def ask(folder, *requests, host="127.0.0.1"):
    """What comes back for requests as they are written, a connection for each."""

    async def talk():
        async with served(folder, host) as port:
            return [await _exchange(port, request) for request in requests]

    return asyncio.run(talk())


async def _exchange(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer.decode("utf-8", "replace")


def get(path, host="localhost", method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


def status(answer):
    return int(answer.split()[1])


def test_pages_and_files_through_a_client(folder):
    async def talk():
        async with served(folder) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            for path in ("/", "/index.html", "/run-1.html", "/run-1.json"):
                async with client.get(path) as answer:
                    assert answer.status == 200
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"
                    assert answer.headers["Server"] == "perfkit"
                    body = await answer.read()
                async with client.head(path) as answer:
                    assert (answer.status, int(answer.headers["Content-Length"])) == (200, len(body))
                    assert await answer.read() == b""

    asyncio.run(talk())


def test_no_way_out_of_the_folder(folder):
    paths = (
        "/../secret.json", "/%2e%2e/secret.json", "/..%2fsecret.json", "/..%5csecret.json", "//secret.json",
        "/%2e%2e%2fsecret.json", "/./../secret.json", "/run-1.json/../../secret.json", "/%00",
        "/.perfkit-index.json", "/%2eperfkit-index.json", "/..", "/%ff.json", "/reports/", "http://localhost/../secret.json",
        f"/{'a' * 4000}.json", "/%252e%252e%252fsecret.json",
    )  # fmt: skip
    for path, answer in zip(paths, ask(folder, *map(get, paths)), strict=True):
        assert status(answer) in (400, 404), path
        assert answer.rpartition("\r\n\r\n")[2].strip() != "secret"


def test_only_names_of_this_machine_are_answered(folder):
    hosts = ("localhost:1", "127.0.0.1", "[::1]:5", "evil.test", "localhost.evil.test", "")
    answers = ask(folder, *(get("/", host) for host in hosts))
    assert [status(answer) for answer in answers] == [200, 200, 200, 403, 403, 403]
    assert "run" not in answers[3].rpartition("\r\n\r\n")[2]
    twice = "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n"
    old = "GET / HTTP/1.0\r\n\r\n"
    absolute = get("http://evil.test/", "evil.test")
    assert all(status(answer) in (400, 403) for answer in ask(folder, twice, old, absolute))


def test_told_to_listen_to_others_it_answers_to_any_name(folder):
    assert [status(answer) for answer in ask(folder, get("/", "box.example"), host="0.0.0.0")] == [200]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_nothing_can_be_changed(folder, method):
    (answer,) = ask(folder, get("/run-1.json", method=method))
    assert status(answer) == 405
    assert "Allow: GET, HEAD" in answer
    assert (folder / "run-1.json").exists()


def test_nonsense_is_refused(folder):
    answers = ask(folder, "\x00\x01\r\n\r\n", "GET\r\n\r\n", get("/", "x" * 9000))
    assert all(status(answer) in (400, 403, 431) for answer in answers)


class Serving:
    """A running ``perfkit report --serve``: its address, and what it says at its end."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "perfkit", "report", "--serve", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *details):
        self.process.kill()
        self.process.communicate()

    def end(self, number):
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@pytest.mark.once
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(project, number):
    store(project / "reports", run_of(1))
    with Serving(project, "--port", "0") as serving:
        port = int(serving.url.rpartition(":")[2].strip("/"))
        with socket.create_connection(("127.0.0.1", port)) as idle:  # a connection that is kept open
            idle.sendall(get("/").encode())
            assert idle.recv(12) == b"HTTP/1.1 200"
            assert serving.end(number) == (0, "Ctrl-C ends it.\n")


@pytest.mark.once
def test_listening_to_others_is_said(project):
    (project / "reports").mkdir()
    with Serving(project, "--host", "0.0.0.0", "--port", "0") as serving:
        assert serving.url.startswith("http://0.0.0.0:")
        _, said = serving.end(signal.SIGTERM)
        assert "whoever reaches this machine can read the runs in" in said


def test_the_usual_port_and_another_where_it_is_taken(folder, monkeypatch):
    async def listen(port):
        runner = web.AppRunner(application(Site(folder), "127.0.0.1"))
        await runner.setup()
        try:
            return await serve_report._listen(runner, "127.0.0.1", port)
        finally:
            await runner.cleanup()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(serve_report, "DEFAULT_PORT", port)
        assert asyncio.run(listen(None)) not in (0, port)
    assert asyncio.run(listen(None)) == port


@pytest.mark.once
@needs_browser
def test_served_pages_in_a_browser(folder):
    async def look():
        async with served(folder) as port, browser_page() as tab:
            for path in ("/", "/run-1.html"):
                url = f"http://127.0.0.1:{port}{path}"
                await tab.open(url)
                assert tab.requests == [url]
                assert tab.complaints == []
                assert await tab.evaluate("document.styleSheets.length") >= 1
                assert (
                    await tab.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
                )

    asyncio.run(look())
