"""A small real HTTP/1.1 server in a thread, for the probes of HTTP clients; it is its own HTTP proxy, too.

Paths: /echo (the body back), /chunked/N (N chunks of ten bytes), /gzip, /redirect/N (N steps to /echo),
/see-other (303 to /echo), /moved (301 to /status/404), /unavailable/N (503 with Retry-After, N times),
/status/CODE, /slow (head and half of the body, the rest once ``go`` is set), /never (no answer until then),
/broken (less than it promised), /reset (no answer at all), /reset/N (the same, N times). Any other path
answers "hello" with a Server-Timing header.
"""

import contextlib
import gzip
import os
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
from http.server import BaseHTTPRequestHandler

import pytest
from msgspec.structs import replace

SECRET = "s3cr3t"
"""Part of every value that must not enter a trace."""

COMPRESSED = gzip.compress(b"hello " * 100, mtime=0)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # so that head and body leave together

    def setup(self):
        self.disable_nagle_algorithm = self.server.address_family == socket.AF_INET
        super().setup()
        self.server.connections.append(self.connection)

    def handle(self):
        with contextlib.suppress(OSError):
            super().handle()

    def any_method(self):
        path = self.path.partition("?")[0]
        if "://" in path:  # to the proxy
            path = "/" + path.split("/", 3)[3]
        body = self.body()
        self.server.requests.append((self.command, path, body))
        name, _, argument = path.strip("/").partition("/")
        getattr(self, f"do_{name.replace('-', '_')}", self.hello)(argument, body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = any_method  # noqa: N815 - http.server's names

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, body=b"", status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hello(self, argument, body):
        self.answer(b"hello", Server_Timing="app;dur=1.5")

    def do_echo(self, argument, body):
        self.answer(body, Content_Type="application/json")

    def do_chunked(self, argument, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(int(argument)):
            self.wfile.write(b"a\r\n0123456789\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def do_gzip(self, argument, body):
        self.answer(COMPRESSED, Content_Encoding="gzip")

    def do_redirect(self, argument, body):
        left = int(argument)
        target = f"/redirect/{left - 1}" if left > 1 else "/echo"
        self.answer(b"elsewhere", 307 if self.command == "POST" else 302, Location=target)

    def do_moved(self, argument, body):
        self.answer(b"", 301, Location="/status/404")

    def do_see_other(self, argument, body):
        self.answer(b"elsewhere", 303, Location="/echo")

    def do_unavailable(self, argument, body):
        refuses = self.seen() <= int(argument)
        self.answer(b"later", 503, Retry_After="0") if refuses else self.answer(b"now")

    def do_status(self, argument, body):
        self.answer(b"so be it", int(argument))

    def do_slow(self, argument, body):
        self.send_response(200)
        self.send_header("Content-Length", 8)
        self.end_headers()
        self.wfile.write(b"head")
        self.wfile.flush()
        self.server.go.wait(10)
        self.wfile.write(b"tail")

    def do_never(self, argument, body):
        self.server.go.wait(10)
        self.close_connection = True

    def do_broken(self, argument, body):
        self.send_response(200)
        self.send_header("Content-Length", 100)
        self.end_headers()
        self.wfile.write(b"0123456789")
        self.close_connection = True

    def do_reset(self, argument, body):
        if argument and self.seen() > int(argument):
            self.answer(b"at last")
            return
        # without waiting for the other side to take what was sent
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            back = threading.Thread(target=pump, args=(far, self.connection))
            back.start()
            pump(self.connection, far)
            back.join()
        self.close_connection = True

    def seen(self):
        return sum(path == self.path.partition("?")[0] for _, path, _ in self.server.requests)

    def address_string(self):
        return "client"

    def log_message(self, *args):
        pass


def pump(source, target):
    """Pass on what comes until it ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, *, unix=False):
        self.address_family = socket.AF_UNIX if unix else socket.AF_INET
        super().__init__(address, Handler)
        self.requests = []
        self.connections = []
        self.go = threading.Event()

    def handle_error(self, request, client_address):
        pass

    @property
    def host(self):
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def paths(self):
        return [path for _, path, _ in self.requests]


@contextlib.contextmanager
def serve(*, certificate=None, unix=None):
    """A server on a free port of loopback, with TLS if there is a certificate, or on a Unix socket."""
    server = Server(unix or ("127.0.0.1", 0), unix=unix is not None)
    server.url = f"{'https' if certificate else 'http'}://{'localhost' if unix else server.host}"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.go.set()
        server.shutdown()
        thread.join()
        for connection in server.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()
        if unix:
            os.unlink(unix)


@contextlib.contextmanager
def serve_http2():
    """The address of a server that answers "hello" to every request, in HTTP/2 without TLS. Needs h2."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_speak_http2, args=(listening,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            thread.join()


def _speak_http2(listening):
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import StreamEnded

    connection, _ = listening.accept()
    with connection, contextlib.suppress(OSError):
        http2 = H2Connection(H2Configuration(client_side=False))
        http2.initiate_connection()
        connection.sendall(http2.data_to_send())
        while data := connection.recv(65536):
            for event in http2.receive_data(data):
                if isinstance(event, StreamEnded):
                    http2.send_headers(event.stream_id, [(":status", "200")])
                    http2.send_data(event.stream_id, b"hello", end_stream=True)
            connection.sendall(http2.data_to_send())


WATCHED = ("request", "connect", "span")
"""Other probes may have something to say, too: of a blocked loop, of threads that wait."""


def spans_of(rec, *kinds):
    """The spans of the given kinds, or all that the tests of clients are about, numbered by themselves."""
    spans = rec.trace.of_kind(*(kinds or WATCHED))
    number = {span.id: n for n, span in enumerate(spans, 1)}
    return [replace(span, id=number[span.id], parent=number.get(span.parent)) for span in spans]


def counts(rec):
    """How many requests and connections."""
    return rec.counts["request"], rec.counts["connect"]


def requests_of(rec):
    """The recording's requests without the facts that vary between runs."""
    varying = {"host", "params"}
    return [
        {key: value for key, value in span.attrs.items() if key not in varying}
        for span in rec.trace.of_kind("request")
    ]


def numbers(rec):
    """Status, retry and redirect of each request."""
    spans = rec.trace.of_kind("request")
    return [(s.attrs["status"], s.attrs["retry"], s.attrs.get("redirect", 0)) for s in spans]


def make_certificate(folder):
    """A self-signed certificate for loopback with its key, in one file. Skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl, which is not installed")
    both = folder / "both.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    whose = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(["openssl", "req", *kind, *whose, *files], check=True, capture_output=True)
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "certificate.pem").read_bytes())
    return both
