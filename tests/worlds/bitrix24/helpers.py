"""A portal at a standing clock, and shorthands for calls."""

from perfkit.worlds.bitrix24 import Portal, PortalConfig
from perfkit.worlds.bitrix24.config import TARIFFS


class Clock:
    """A clock that goes only when told."""

    def __init__(self, now_s=1_767_225_600.0):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


def make_portal(leads=20, clock=None, **options):
    """A portal without limits, unless ``burst`` is given: then it has those of the cloud."""
    limits = {} if options.get("burst") else TARIFFS["own"]
    return Portal(PortalConfig(leads=leads, **{**limits, **options}), clock or Clock())


def result(portal, method, **params):
    """The result of a call that must succeed."""
    reply = portal.call(method, params)
    assert reply.status == 200, reply
    return reply.body["result"]


def ids(rows):
    """The numbers of rows, in their order."""
    return [int(row["ID"]) for row in rows]


def read_all(portal, method, **params):
    """All rows, page by page, following ``next``."""
    rows, start = [], 0
    while start is not None:
        reply = portal.call(method, {**params, "start": start})
        assert reply.status == 200, reply
        rows += reply.body["result"]
        start = reply.body.get("next")
    return rows
