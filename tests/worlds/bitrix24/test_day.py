"""A day of random calls, valid ones and junk, single and in batches: nothing breaks the portal.

The clock moves by seconds and hours between calls; lists are asked for in between, and must hold together.
"""

from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.worlds.bitrix24.batch import MAX_COMMANDS
from perfkit.worlds.bitrix24.config import ACCESS_TOKEN, TARIFFS
from perfkit.worlds.bitrix24.methods import METHODS
from perfkit.worlds.bitrix24.php import build_query
from tests.worlds.bitrix24.helpers import Clock, make_portal

DAY_S = 86_400
LISTS = (
    "crm.lead.list",
    "crm.deal.list",
    "crm.contact.list",
    "crm.activity.list",
    "voximplant.statistic.get",
)
STATUSES = {200, 400, 401, 403, 404, 429, 503}

IDENTITIES = st.integers(-1, 40) | st.sampled_from([9001, 10**12, "7", "7a", "", None])
USERS = st.sampled_from([1, 12, 15, 301, "18", 0, None, [12, 15]])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), IDENTITIES,
    st.sampled_from(["ASC", "desc", "*", "UF_*", "Y", "N", "2026-01-01T10:00:00+03:00", "+79001234567"]),
)  # fmt: skip
FIELDS = st.sampled_from(
    ["ID", "TITLE", "STATUS_ID", "ASSIGNED_BY_ID", "PHONE", "EMAIL", "DATE_CREATE", "OPPORTUNITY", "BINDINGS",
     "OWNER_ID", "OWNER_TYPE_ID", "COMPLETED", "NAME", "UF_CRM_SCORE", "CALL_ID", "SUBJECT", "TYPE_ID",
     "title", "id", "logic", "0", "ENTITY_ID", "NOPE"]
)  # fmt: skip
SIGNS = st.sampled_from(["", "", "", ">", "<=", "!", "=", "@", "!@", "%", "%=", "!%", "><", "?"])
JUNK = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
FILTERS = st.dictionaries(
    st.builds("".join, st.tuples(SIGNS, FIELDS)), SCALARS | st.lists(SCALARS), max_size=3
)
PLAUSIBLE = st.fixed_dictionaries(
    {},
    optional={
        "filter": FILTERS,
        "order": st.dictionaries(FIELDS, st.sampled_from(["ASC", "DESC", "x"]), max_size=2),
        "select": st.lists(FIELDS | st.just("*"), max_size=3),
        "start": st.sampled_from([-1, 0, 50, 51, 10**6, "50"]),
        "id": IDENTITIES,
        "entityTypeId": st.sampled_from([1, 2, 3, 4, 1030, 5]),
        "fields": st.dictionaries(FIELDS, SCALARS | st.lists(SCALARS, max_size=2), max_size=4),
        "taskId": IDENTITIES,
        "USER_ID": USERS,
        "PHONE_NUMBER": st.sampled_from(["+79001234567", "+70000000001", "12", "x"]),
        "TYPE": st.integers(0, 6),
        "CRM_CREATE": st.sampled_from([0, 1]),
        "EXTERNAL_CALL_ID": st.sampled_from(["", "1", "2"]),
        "CALL_ID": st.just("last"),
        "DURATION": st.integers(-5, 5000),
        "FILENAME": st.sampled_from(["1.mp3", "1.ogg", ""]),
        "FILE_CONTENT": st.sampled_from(["aGVsbG8=", "x"]),
        "NUMBER": st.sampled_from(["3", ""]),
    },
)
PARAMS = PLAUSIBLE | st.dictionaries(st.sampled_from(["filter", "fields", "select", "order", "ID"]), JUNK)
TELEPHONY = [name for name in METHODS if name.startswith("telephony")]
NAMES = st.sampled_from([*sorted(METHODS), *TELEPHONY, *TELEPHONY, *LISTS, "crm.nope", ""])
CALLS = st.tuples(NAMES, PLAUSIBLE | PARAMS)
COMMANDS = st.lists(CALLS, max_size=MAX_COMMANDS + 2)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.4, 1.0, 61.0, 1801.0, 7200.0]),
        st.sampled_from([*["application"] * 4, *["webhook"] * 3, "stranger"]),
        CALLS | COMMANDS | st.tuples(st.just("batch"), st.fixed_dictionaries({"cmd": JUNK})),
    ),
    max_size=12,
)
PORTALS = st.sampled_from(
    [
        TARIFFS["own"],
        {**TARIFFS["standard"], "costs": "documented", "sigma": 0.5, "burst": 4},
        {**TARIFFS["enterprise"], "command_ns": 90_000_000, "operating_limit_s": 0.5},
        {
            **TARIFFS["enterprise"],
            "costs": "documented",
            "operating": "batch",
            "operating_limit_s": 1.0,
            "past_end": "empty",
        },
        {**TARIFFS["own"], "telephony_webhooks": True, "journal": 5, "slowdowns": ((0, 10_000, 10.0),)},
    ]
)


class Day:
    """One portal with a moving clock, and the callers of a day."""

    def __init__(self, options):
        self.clock = Clock()
        self.portal = make_portal(leads=20, clock=self.clock, **{"burst": None, **options})
        self.last_call = ""
        self.callers = {
            "webhook": self.portal.webhook,
            "application": self.portal.authenticate(None, ACCESS_TOKEN),
            "stranger": self.portal.authenticate(None, "nobody's"),
        }

    def step(self, wait_s, who, call):
        self.clock.now_s += wait_s
        if isinstance(call, list):
            call = "batch", {"cmd": {f"c{number}": self._command(*one) for number, one in enumerate(call)}}
        method, params = call[0], self._known(call[1])
        reply = self.portal.call(method, params, caller=self.callers[who], client="10.0.0.1")
        assert reply.status in STATUSES or reply.raw, reply
        assert reply.cost_ns >= 0
        msgspec.json.encode(reply.body)
        self._remember(method, reply)

    def _command(self, method, params):
        return f"{quote(method)}?{build_query(self._known(params))}"

    def _known(self, params):
        return {**params, "CALL_ID": self.last_call} if "CALL_ID" in params else params

    def _remember(self, method, reply):
        if method == "telephony.externalcall.register" and reply.status == 200:
            self.last_call = reply.body["result"]["CALL_ID"]

    def lists_hold_together(self):
        """Each row once, all that are counted, in order, and found again by ``get``."""
        self.clock.now_s += DAY_S  # whatever was used up is forgotten
        for method in LISTS:
            rows, start = [], 0
            while start is not None:
                self.clock.now_s += 10
                body = self._ask(method, {"order": {"ID": "ASC"}, "start": start})
                rows += body["result"]
                start = body.get("next")
            ids = [int(row["ID"]) for row in rows]
            assert ids == sorted(set(ids))
            assert len(ids) == body["total"]
            if ids and method.startswith("crm"):
                row = self._ask(method.replace("list", "get"), {"id": ids[-1]})["result"]
                assert int(row["ID"]) == ids[-1]

    def _ask(self, method, params):
        reply = self.portal.call(method, params, caller=self.callers["application"])
        assert reply.status == 200, reply
        return reply.body

    def books_balance(self):
        totals, journal = self.portal.totals, self.portal.journal
        assert totals.requests + totals.commands == len(journal) + journal.dropped
        assert len(journal) <= (self.portal.config.journal or len(journal))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(PORTALS, STEPS)
def test_a_day_of_anything(options, steps):
    day = Day(options)
    for step in steps:
        day.step(*step)
    day.lists_hold_together()
    day.books_balance()


@pytest.mark.parametrize("options", [TARIFFS["own"], {**TARIFFS["standard"], "costs": "documented"}])
def test_the_same_day_twice_is_the_same(options):
    def one_day():
        day = Day(options)
        for number in range(200):
            params = {"USER_ID": 12, "PHONE_NUMBER": f"+7000{number % 25:07d}", "TYPE": 2, "CRM_CREATE": 1}
            day.step(300.0, "application", ("telephony.externalcall.register", params))
            day.step(100.0, "application", ("telephony.externalcall.finish", {"CALL_ID": "", "USER_ID": 12}))
            day.step(32.0, "webhook", [("crm.lead.list", {"start": 50}), ("crm.lead.get", {"id": 3})])
        day.lists_hold_together()
        return [msgspec.to_builtins(row) for row in day.portal.journal]

    first = one_day()
    assert first[-1]["at_s"] - first[0]["at_s"] > DAY_S
    assert first == one_day()
