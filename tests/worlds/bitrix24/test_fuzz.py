"""Whatever a client sends, a method answers, or says what is wrong with it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.worlds.bitrix24.methods import METHODS
from tests.worlds.bitrix24.helpers import make_portal

pytestmark = pytest.mark.once


PREFIXES = ("crm.", "task", "user", "department", "profile", "scope", "server", "method", "app.")
NAMES = sorted(name for name in METHODS if name.startswith(PREFIXES))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.integers(-1, 40),
    st.sampled_from(["ASC", "OR", "Y", "", "*", "UF_*", "0", "7", "2025-06-01", "9999-12-31", "0001-01-01"]),
    st.sampled_from(["L", "D", "T406", "PHONE", "+70000000002", "NEW", "1e999", "٣", "\x00", "%_%\\"]),
)
FIELDS = [
    "ID", "id", "TITLE", "title", "PHONE", "EMAIL", "fm", "VALUE", "DELETE", "typeId", "STATUS_ID",
    "stageId", "OPPORTUNITY", "opportunity", "DATE_CREATE", "DEADLINE", "BINDINGS", "OWNER_ID",
    "OWNER_TYPE_ID", "TYPE_ID", "SUBJECT", "RESPONSIBLE_ID", "COMMUNICATIONS", "ACCOMPLICES", "STATUS",
    "NAME", "ENTITY_ID", "UF_CRM_TAGS", "UF_CRM_SCORE", "ufCrmScore", "logic", "0", "1", "ownerId",
    "ownerType", "PRICE", "price", "UF_DEPARTMENT", "COMPANY_ID", "companyId", "BIRTHDATE", "FIND",
]  # fmt: skip
SIGNS = ["", "", "", ">", "<=", "!", "@", "!@", "%", "=%", "!%", "="]
keys = st.builds(str.__add__, st.sampled_from(SIGNS), st.sampled_from(FIELDS)) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(keys, values, max_size=4)
params = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers(-1, 40) | values,
        "taskId": st.integers(1, 12) | values,
        "filter": tables | values,
        "order": st.dictionaries(keys, st.sampled_from(["ASC", "desc", "x"]), max_size=3) | values,
        "select": st.lists(st.sampled_from(FIELDS), max_size=4) | values,
        "fields": tables | values,
        "start": st.integers(-60, 200) | values,
        "entityTypeId": st.sampled_from([1, 2, 3, 4, 1030]) | values,
        "useOriginalUfNames": scalars,
        "rows": st.lists(tables, max_size=2) | values,
        "productRows": st.lists(tables, max_size=2) | values,
        "ownerType": st.sampled_from(["L", "D", "T406"]) | values,
        "ownerId": st.integers(0, 30) | values,
        "type": st.sampled_from(["PHONE", "EMAIL"]) | values,
        "values": values,
        "FIND": values,
        "sort": st.sampled_from(FIELDS) | values,
        "ORDER": values,
    },
)

PORTAL = make_portal(leads=20)


@pytest.mark.once
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NAMES), params)
def test_any_call_is_answered_or_refused(method, sent):
    reply = PORTAL.call(method, sent)
    assert reply.status in (200, 400, 403)
    assert set(reply.body) & {"result", "error"}
    msgspec.json.encode(reply.body)
