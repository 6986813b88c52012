"""A portal as a real server in a thread of its own, and the list of what the tests cover of a client."""

import asyncio
import inspect
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import trustme

from perfkit.worlds.bitrix24 import WEBHOOK_PATH
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.front import Front
from perfkit.worlds.bitrix24.server import serve
from tests.worlds.bitrix24.helpers import make_portal

LEADS = 349
"""Half as many again do not match a report: 523 in all, so that the last page is no full one."""

FREE = {"base_ns": 0, "command_ns": 0, "row_ns": 0, "count_row_ns": 0, "refused_ns": 0}

LISTS = {
    "crm.lead.list": {},
    "crm.deal.list": {},
    "crm.contact.list": {},
    "crm.company.list": {"filter": {">ID": 3}},
    "crm.activity.list": {"filter": {"OWNER_TYPE_ID": 1}},
    "crm.item.list": {"entityTypeId": 1},
    "tasks.task.list": {},
    "crm.status.list": {},
}
"""Methods that list, of each engine, and what they are asked for."""

NESTED = {"crm.item.list": "items", "tasks.task.list": "tasks"}
"""Under which name a method nests its rows; they have "id" where others have "ID"."""

_covered: dict[str, set[str]] = {}


def covers(*names):
    """Marks a test as the one that holds these functions of the client."""

    def mark(test):
        _covered.setdefault(test.__module__, set()).update(names)
        return test

    return mark


def covered(module):
    """The functions that the tests of ``module`` say they cover."""
    return _covered.get(module, set())


def public(owner, prefix):
    """The public functions of a class, as ``prefix.name``."""
    return {
        f"{prefix}.{name}"
        for name, value in inspect.getmembers(owner)
        if not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, property))
    }


def requests(portal):
    """The methods of the HTTP requests, in the order in which they came."""
    return [row.method for row in portal.journal if not row.command]


def commands(portal):
    """The methods of the commands of batches."""
    return [row.method for row in portal.journal if row.command]


def right_ids(portal, method):
    """The numbers of the rows that ``LISTS`` asks the method for, in their order, page by page."""
    found, start = [], 0
    while start is not None:
        body = portal.call(method, {"order": {"ID": "ASC"}, **LISTS[method], "start": start}).body
        found += numbers(method, body["result"][NESTED[method]] if method in NESTED else body["result"])
        start = body.get("next")
    return found


def numbers(method, rows):
    """The rows' numbers."""
    return [int(row["id" if method in NESTED else "ID"]) for row in rows]


@contextmanager
def served(leads=LEADS, *, https=False, **options):
    """A portal that costs nothing and has no limits unless told, as a real server for as long as the block.

    ``url`` is its webhook, ``domain`` host and port, ``ca`` its authority (of https only), and
    ``connections`` the clients' connections so far.
    """
    portal = make_portal(leads=leads, **{**FREE, **options})
    context, ca = _certificate() if https else (None, None)
    with _noted_connections() as connections, _Thread(Desk(portal, secure=https), context) as domain:
        url = f"{'https' if https else 'http'}://{domain}{WEBHOOK_PATH}"
        yield SimpleNamespace(portal=portal, domain=domain, url=url, ca=ca, connections=connections)


@contextmanager
def _noted_connections():
    seen, real = [], Front.joined

    def joined(front, connection):
        seen.append(connection)
        real(front, connection)

    with patch.object(Front, "joined", joined):
        yield seen


_authority = None


def _certificate():
    """A server's context for 127.0.0.1; one authority for all tests, since making keys takes its time."""
    global _authority
    if _authority is None:
        _authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _authority.issue_cert("127.0.0.1").configure_cert(context)
    return context, _authority


class _Thread:
    """Serves a portal beside clients that block; entered, it gives host and port."""

    def __init__(self, desk, context):
        self.desk, self.context = desk, context
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(30)
        return f"127.0.0.1:{self.port}"

    def __exit__(self, *exc):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(30)

    async def _serve(self):
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self.desk, tls=self.context) as running:
            self.port = running.port
            self.ready.set()
            await self.stop.wait()


def write_ca(authority, directory):
    """The authority's certificate as a file, for clients that take a path."""
    path = Path(directory) / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)
